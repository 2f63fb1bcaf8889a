package scripts

import (
	"testing"
	"time"

	"github.com/actionplane/actionplane/services/scripts/internal/journal"
)

func TestOldest_GoesByTheEarlierOfTwoClocks(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	ahead, want := now.AddDate(1, 0, 0), journal.Before(now.Add(-time.Hour))
	if got := oldest(now, ahead, time.Hour); got != want {
		t.Errorf("theirs is ahead: %v", got)
	}
	if got := oldest(ahead, now, time.Hour); got != want {
		t.Errorf("ours is ahead: %v", got)
	}
}
