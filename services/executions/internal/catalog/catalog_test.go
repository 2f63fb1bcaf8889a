package catalog_test

import (
	"slices"
	"testing"

	"github.com/actionplane/actionplane/services/executions/internal/catalog"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
)

func TestAnnounced(t *testing.T) {
	t.Parallel()
	offers := catalog.New([]string{"/b.S/M", "/a.S/M"}, []string{"f", "preuserinfo"}, []string{"user.human.added", "a", "user.humanoid"})
	for id, want := range map[string]bool{
		"request": true, "response": true, "event": true,
		"request/a.S/M": true, "response/b.S/M": true, "request/a.S/N": false, "request/a.S": true, "response/a": false, "request/f": false,
		"function/f": true, "function/preaccesstoken": true, "function/g": false, "function/a.S": false,
		"event/user.human.added": true, "event/user.human": false, "event/user.human.*": true, "event/user.*": true,
		"event/user.human.added.*": false, "event/use.*": false, "event/a.*": false, "event/a": true, "event/f": false,
	} {
		c, err := condition.Parse(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := offers.Announced(c); got != want {
			t.Errorf("%s: %v", id, got)
		}
	}
	withoutSlash := condition.Condition{Kind: condition.Request, Method: "a.S/M"}
	withSuffix := condition.Condition{Kind: condition.Event, Group: "user.*"}
	if !offers.Announced(withoutSlash) || !offers.Announced(withSuffix) {
		t.Error("another spelling is another thing")
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	if got := catalog.Services([]string{"/b.S/M", "/a.S/N", "/a.S/M"}); !slices.Equal(got, []string{"a.S", "b.S"}) {
		t.Errorf("services %v", got)
	}
	if got := catalog.Functions([]string{"f", "preaccesstoken"}); !slices.Equal(got, []string{"preuserinfo", "preaccesstoken", "presamlresponse", "f"}) {
		t.Errorf("functions %v", got)
	}
}
