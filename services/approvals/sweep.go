package approvals

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/services/approvals/internal/audit"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// sweepBatch is how many overdue requests one sweep marks.
const sweepBatch = 100

// sweep marks requests whose time is over, so that lists show it and people
// are told. No decision waits for it: each looks at the clock itself.
func (h *handlers) sweep(ctx context.Context) error {
	ticks := time.NewTicker(h.cfg.SweepInterval)
	defer ticks.Stop()
	for {
		if err := h.sweepOnce(ctx); err != nil && ctx.Err() == nil {
			h.log.WarnContext(ctx, "approvals.sweep", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
	}
}

func (h *handlers) sweepOnce(ctx context.Context) error {
	overdue, err := h.store.Overdue(ctx, sweepBatch)
	if err != nil {
		return err
	}
	for _, key := range overdue {
		if err := h.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) error { return h.expire(ctx, tx, key) }); err != nil {
			return err
		}
	}
	if len(overdue) > 0 {
		h.relay.Kick()
	}
	return nil
}

// expire marks one request, unless it is resolved by now.
func (h *handlers) expire(ctx context.Context, tx *store.Tx, key store.Key) error {
	r, err := tx.LockRequest(ctx, key.Identity(), key.ID)
	if err != nil || r.State != request.Pending {
		return err
	}
	after, ok, err := tx.Resolve(ctx, r, request.Expired, "")
	if err != nil || !ok {
		return err
	}
	return h.append(ctx, tx, after, audit.Expired, nil, "")
}
