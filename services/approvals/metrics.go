package approvals

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/approvals/internal/audit"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// waitingEvery is how often the database is asked what waits, at most.
const waitingEvery = 15 * time.Second

// observe registers the room's metrics and has every transition told: each is an
// audit entry.
func (h *handlers) observe(t *telemetry.Telemetry) error {
	i := t.Instruments("approvals")
	now := telemetry.Remembered(waitingEvery, h.store.Waiting)
	gauge := func(name, unit, description string, tell func(store.Waiting) float64) {
		i.Gauge(name, unit, description+"; all replicas report the same number", func(ctx context.Context, o telemetry.Observe) {
			if w, ok := now(ctx); ok {
				o(tell(w))
			}
		})
	}
	gauge("actionplane.approvals.waiting", "{request}", "requests that wait for approval, up to 100,000", func(w store.Waiting) float64 {
		return float64(w.Requests)
	})
	gauge("actionplane.approvals.oldest", "s", "for how long the oldest request that waits for approval has", func(w store.Waiting) float64 {
		return w.Oldest.Seconds()
	})
	transitions := i.Tally("actionplane.approvals.transitions", "{transition}", "what happened to requests, as their audit entries call it")
	counts := map[string]*telemetry.Count{}
	for _, kind := range audit.Types() {
		counts[kind] = transitions.Of(attribute.String("state", kind))
	}
	h.store.Tell(func(ctx context.Context, e audit.Entry) {
		counts[e.Type].Add(1)
		h.log.LogAttrs(ctx, level(e.Type), "approvals.decided", describe(e)...)
	})
	return i.Err()
}

// level is WARN where somebody should look: nobody will carry out what was
// approved, or one person has approved alone.
func level(kind string) slog.Level {
	switch kind {
	case audit.Failed, audit.Stale, audit.BrokeGlass:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// describe returns the line of an entry. People are told by their ids, and what
// they wrote, or want to change, stays where it is protected.
func describe(e audit.Entry) []slog.Attr {
	actor := ""
	if e.Actor != nil {
		actor = e.Actor.ID
	}
	attrs := []slog.Attr{
		slog.String("tenant", e.Tenant), slog.String("organization", e.Organization), slog.String("request_id", e.Request),
		slog.String("transition", e.Type), slog.String("status", e.Status), slog.String("action_type", e.ActionType),
		slog.String("category", e.Category), slog.String("submitted_by", e.SubmittedBy), slog.String("actor", actor),
		slog.Int("required", e.Required), slog.Int("approvals", len(e.Approvers)), slog.Int("version", e.Version),
		slog.Int64("sequence", e.Sequence), slog.String("payload_sha256", e.PayloadHash),
	}
	if e.Error != "" {
		attrs = append(attrs, slog.String("error", e.Error))
	}
	return attrs
}
