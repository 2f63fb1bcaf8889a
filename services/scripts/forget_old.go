package scripts

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/services/scripts/internal/journal"
)

// forgetOld deletes invocations that are kept no longer, until ctx is done:
// first when we start, so that what piled up meanwhile goes.
func (s *Service) forgetOld(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Sweep)
	defer tick.Stop()
	for {
		if err := s.forget(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "scripts.forget_invocations", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// forget asks the database what time it is: of two clocks the earlier one counts,
// so that one that jumps ahead deletes nothing.
func (s *Service) forget(ctx context.Context) error {
	theirs, err := s.store.Now(ctx)
	if err != nil {
		return err
	}
	return s.sweep(ctx, oldest(time.Now(), theirs, s.cfg.Retention))
}

// oldest returns an id below those of what is kept.
func oldest(ours, theirs time.Time, retention time.Duration) journal.ID {
	if theirs.Before(ours) {
		ours = theirs
	}
	return journal.Before(ours.Add(-retention))
}

// sweep deletes in batches, so that no transaction is a long one.
func (s *Service) sweep(ctx context.Context, before journal.ID) error {
	for ctx.Err() == nil {
		deleted, err := s.store.Forget(ctx, before, s.cfg.SweepBatch)
		if err != nil || deleted < s.cfg.SweepBatch {
			return err
		}
	}
	return nil
}
