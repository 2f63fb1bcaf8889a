package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/services/dispatch/internal/sweeper"
)

// oldest looks how far back a stream goes.
func (s *Service) oldest(stream string) sweeper.Stream {
	return func(ctx context.Context) (time.Time, time.Duration, error) { return s.bus.Oldest(ctx, stream) }
}

// named says what was not found, and of what is old enough that it may have
// been deleted.
func (s *Service) named(err error, what, id string) error {
	if fault.CodeOf(err) != fault.CodeNotFound {
		return err
	}
	keep := s.cfg.Retention
	if made, noID := ident.Time(id); noID == nil && time.Since(made) > keep.Shortest() {
		return fault.NotFound("there is no %s %s, or not any more: what succeeded is kept for %s, dead letters for %s, runs of hooks for %s",
			what, id, days(keep.Succeeded), days(keep.DeadLetters), days(keep.Hooks)).Because(err)
	}
	return fault.NotFound("there is no %s %s", what, id).Because(err)
}

// days writes a duration in days where it is of whole ones.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	if d%day != 0 {
		return d.String()
	}
	return fmt.Sprintf("%d days", d/day)
}
