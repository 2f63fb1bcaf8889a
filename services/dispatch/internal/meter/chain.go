package meter

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/gate"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Outcome is what a chain came to.
type Outcome string

// The outcomes.
const (
	Succeeded   Outcome = "succeeded"   // steps that were passed over included
	Interrupted Outcome = "interrupted" // a target ended it
	Failed      Outcome = "failed"      // a hook: by our own fault; an event: a delivery will not be tried again
	Pending     Outcome = "pending"     // events only: something is left to later attempts
)

// Hook is the run of a hook, as it was answered.
type Hook struct {
	Run            run.Run
	Steps          []run.Step // of the whole chain
	Err            error      // that the caller was answered
	Sent, Received int        // bytes of the message as it came and as it went
}

// HookRan measures the run of a hook and writes its line.
func (m *Meters) HookRan(ctx context.Context, h Hook) {
	var targets time.Duration
	passedOver, queued := 0, 0
	for i := range h.Run.Steps {
		r := &h.Run.Steps[i]
		targets += r.Target
		s := m.targets.Of(h.Run.Tenant, r.TargetID)
		switch r.Outcome {
		case run.Queued:
			queued++
			continue
		case run.PassedOver:
			passedOver++
			s.failOpen.Add(1)
		}
		s.step(ctx, h.Steps[i].Endpoint, string(r.Outcome), r.Duration)
	}
	outcome, overhead := h.outcome(), max(0, h.Run.Duration-targets)
	m.chain(ctx, h.Run.TriggerKind, outcome, h.Run.Duration, overhead)
	m.runs.Tell(ctx, slog.LevelInfo, outcome == Succeeded && passedOver == 0, "run.finished", func() []slog.Attr {
		attrs := append(about(ctx, &h.Run), slog.String("outcome", string(outcome)),
			slog.Int("steps", len(h.Steps)), slog.Int("ran", len(h.Run.Steps)), slog.Int("passed_over", passedOver), slog.Int("queued", queued),
			slog.Duration("took", h.Run.Duration), slog.Duration("targets", targets), slog.Duration("overhead", overhead),
			slog.Int("sent", h.Sent), slog.Int("received", h.Received))
		if failed := h.failed(); failed != nil {
			attrs = append(attrs, slog.String("target_id", failed.TargetID), slog.String("target", failed.TargetName),
				slog.Int("position", failed.Position), slog.Int("status", failed.Status), slog.String("error", failed.Error))
		}
		if h.Err != nil {
			attrs = append(attrs, slog.String("error_class", fault.CodeOf(h.Err).String()))
		}
		return attrs
	})
}

// outcome tells what a target did from what we could not do. A target that is
// left alone because it has failed too often has done so itself.
func (h *Hook) outcome() Outcome {
	if refusal := (*gate.Refusal)(nil); errors.As(h.Err, &refusal) {
		return Interrupted
	}
	switch fault.CodeOf(h.Err) {
	case 0:
		return Succeeded
	case fault.CodeUnavailable, fault.CodeInternal, fault.CodeCanceled:
		return Failed
	}
	return Interrupted
}

// failed returns the last step that failed; nil: none did.
func (h *Hook) failed() *run.StepResult {
	for i := range slices.Backward(h.Run.Steps) {
		if h.Run.Steps[i].Error != "" {
			return &h.Run.Steps[i]
		}
	}
	return nil
}

// EventRan measures the run of an event, once it is committed with whatever its
// first attempts came to, and writes its line.
func (m *Meters) EventRan(ctx context.Context, r *run.Run) {
	now := time.Now()
	took := now.Sub(r.CreatedAt)
	outcome, overhead := outcomeOf(r.Deliveries), max(0, took-busy(r.Deliveries, now))
	m.chain(ctx, r.TriggerKind, outcome, took, overhead)
	m.runs.Tell(ctx, slog.LevelInfo, outcome != Failed, "run.finished", func() []slog.Attr {
		left, attempts := 0, 0
		for i := range r.Deliveries {
			attempts += len(r.Deliveries[i].Attempts)
			if !r.Deliveries[i].State.Ended() {
				left++
			}
		}
		return append(about(ctx, r), slog.String("event_id", r.EventID), slog.String("outcome", string(outcome)),
			slog.Int("steps", len(r.Deliveries)), slog.Int("attempts", attempts), slog.Int("left", left),
			slog.Duration("took", took), slog.Duration("targets", took-overhead), slog.Duration("overhead", overhead),
			slog.Duration("age", max(0, now.Sub(r.ID.Made()))), slog.Int("sent", len(r.Body)))
	})
}

func about(ctx context.Context, r *run.Run) []slog.Attr {
	return append(make([]slog.Attr, 0, 24),
		slog.String("tenant", r.Tenant), slog.String("organization", string(tenant.From(ctx).Organization)),
		slog.String("run_id", r.ID.String()), slog.String("condition", r.Condition),
		slog.String("kind", r.TriggerKind), slog.String("trigger", r.TriggerName))
}

func (m *Meters) chain(ctx context.Context, kind string, outcome Outcome, took, overhead time.Duration) {
	c := m.chains[kind]
	c.outcomes[outcome].Record(ctx, took)
	c.overhead.Record(ctx, overhead)
}

func outcomeOf(deliveries []run.Delivery) Outcome {
	outcome := Succeeded
	for i := range deliveries {
		switch state := deliveries[i].State; {
		case state == delivery.Succeeded:
		case state.Ended():
			return Failed
		default:
			outcome = Pending
		}
	}
	return outcome
}

// span is a stretch of time.
type span struct{ from, to time.Time }

// busy is for how long some attempt was under way.
func busy(deliveries []run.Delivery, now time.Time) time.Duration {
	var room [8]span
	spans := room[:0]
	for i := range deliveries {
		d := &deliveries[i]
		for _, a := range d.Attempts {
			spans = append(spans, span{a.StartedAt, a.StartedAt.Add(a.Duration)})
		}
		if d.State == delivery.Sending {
			spans = append(spans, span{d.Changed, now})
		}
	}
	if len(spans) > 1 {
		slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from.UnixNano(), b.from.UnixNano()) })
	}
	var total time.Duration
	var end time.Time
	for _, s := range spans {
		if s.from.Before(end) {
			s.from = end
		}
		if s.to.After(s.from) {
			total, end = total+s.to.Sub(s.from), s.to
		}
	}
	return total
}
