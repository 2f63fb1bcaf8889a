package courier

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Enqueue makes an asynchronous step of a hook durable: it returns once the
// delivery is committed, and due.
func (c *Courier) Enqueue(ctx context.Context, hook run.ID, tenant string, position int, step run.Step, body []byte) error {
	id, now := run.DeliveryID(c.deps.IDs.NextNumber()), time.Now()
	err := c.deliveries.Commit(ctx, run.Delivery{
		ID: id, Run: hook, Tenant: tenant, Position: position, Step: step, Body: body,
		Delivery: delivery.New(delivery.Scheduled, now), CreatedAt: now, Traceparent: telemetry.Traceparent(ctx),
	})
	if err == nil {
		c.Kick()
	}
	return err
}
