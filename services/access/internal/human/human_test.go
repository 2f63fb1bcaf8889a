package human_test

import (
	"testing"

	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/services/access/internal/human"
)

func TestFromEmail(t *testing.T) {
	t.Parallel()
	// Other rooms keep ids: the same address is the same human for ever.
	const want = "44b7ec1a-22d8-59f3-81ff-9417cf485df8"
	got := human.FromEmail("jane@example.com")
	if !ident.IsUUID(string(got)) || got != want || got == human.FromEmail("john@example.com") {
		t.Errorf("got %s, want %s", got, want)
	}
	if human.FromEmail("") != "" {
		t.Error("no address is somebody's")
	}
}
