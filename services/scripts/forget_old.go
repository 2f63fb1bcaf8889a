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
		if err := s.sweep(ctx, journal.Before(time.Now().Add(-s.cfg.Retention))); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "scripts.forget_invocations", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
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
