package meter

import (
	"context"
	"log/slog"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/dispatch/internal/attempt"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Attempt is one try of a delivery, as it came to an end.
type Attempt struct {
	Delivery run.Delivery // as it was while it was sent
	Report   run.Report
	Result   attempt.Result
	Err      error         // why none was made, where that is ours
	Took     time.Duration // waiting for room included
}

// Attempted measures an attempt and writes its line.
func (m *Meters) Attempted(ctx context.Context, a Attempt) {
	d := &a.Delivery
	if a.Report.Sent() {
		s := m.targets.Of(d.Tenant, d.TargetID)
		s.attempts[a.Report.Attempt.Outcome].Add(1)
		s.step(ctx, d.Endpoint, string(a.Report.Attempt.Outcome), a.Took)
	}
	level := slog.LevelInfo
	if a.Report.Event.GivesUp() { // nobody will try again
		level = slog.LevelWarn
	}
	m.attempts.Tell(ctx, level, a.Report.Attempt.Outcome == delivery.OutcomeSucceeded, "delivery.attempted",
		func() []slog.Attr { return a.attrs(ctx) })
}

func (a *Attempt) attrs(ctx context.Context) []slog.Attr {
	d, made := &a.Delivery, &a.Report.Attempt
	next, _ := a.Report.Apply(*d)
	attrs := []slog.Attr{
		slog.String("tenant", d.Tenant), slog.String("organization", string(tenant.From(ctx).Organization)),
		slog.String("run_id", d.Run.String()), slog.String("delivery_id", d.ID.String()), slog.String("condition", d.Condition),
		slog.Int("position", d.Position), slog.String("target_id", d.TargetID), slog.String("target", d.TargetName),
		slog.String("kind", schemes[schemeOf(d.Endpoint)]), slog.Int("attempt", d.Attempt),
		slog.String("outcome", string(made.Outcome)), slog.String("event", string(a.Report.Event.Kind)), slog.String("state", string(next.State)),
		slog.Int("status", made.Status), slog.Duration("took", made.Duration), slog.Duration("queue", max(0, a.Took-made.Duration)),
		slog.Duration("age", max(0, a.Report.Event.At.Sub(d.Run.Made()))),
		slog.Int("sent", len(d.Body)), slog.Int64("received", a.Result.Received),
	}
	if d.OrderingKey != "" {
		attrs = append(attrs, slog.String("ordering_key", d.OrderingKey))
	}
	if !next.Due.IsZero() {
		attrs = append(attrs, slog.Time("next", next.Due.UTC()))
	}
	if next.Reason != "" {
		attrs = append(attrs, slog.String("reason", string(next.Reason)))
	}
	switch {
	case a.Err != nil:
		attrs = append(attrs, slog.String("error_class", fault.CodeOf(a.Err).String()), slog.String("error", a.Err.Error()))
	case made.Error != "":
		attrs = append(attrs, slog.String("error_class", string(a.Result.Transport)), slog.String("error", made.Error))
	}
	return attrs
}

// Wrote measures what became of deliveries whose change is committed.
func (m *Meters) Wrote(deliveries []run.Delivery) {
	for i := range deliveries {
		d := &deliveries[i]
		switch {
		case d.State == delivery.BackingOff:
			m.targets.Of(d.Tenant, d.TargetID).retries.Add(1)
		case d.State.Ended():
			m.targets.Of(d.Tenant, d.TargetID).ended[d.State].Add(1)
			if d.State == delivery.Succeeded {
				m.age(context.Background(), d)
			}
		}
	}
}
