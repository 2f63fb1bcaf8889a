package dispatch

import (
	"context"
	"slices"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/gate"
	"github.com/actionplane/actionplane/services/dispatch/internal/profile"
)

// terms reads in the profiles of targets what their owners set about being
// called, and fills in what they left open.
type terms struct {
	profiles *profile.Book
	defaults gate.Terms
}

// Terms returns the defaults where a profile cannot be had.
func (t terms) Terms(ctx context.Context, tenantID, target string) gate.Terms {
	p, err := t.profiles.Profile(ctx, tenantID, target)
	if err != nil {
		return t.defaults
	}
	return gate.Terms{Policy: policyOf(p.Retry, t.defaults.Policy), Limits: limitsOf(p.Limits, t.defaults.Limits)}
}

// policyOf is a target's retry policy. One that cannot be followed is as if it
// had not been set.
func policyOf(r profile.Retry, defaults delivery.Policy) delivery.Policy {
	p := defaults
	if r.MaxAttempts > 0 {
		p.MaxAttempts = r.MaxAttempts
	}
	if len(r.Schedule) > 0 {
		p.Schedule = slices.Concat([]time.Duration{0}, r.Schedule)
		p.MaxAttempts = r.MaxAttempts
	}
	if len(r.FinalStatuses) > 0 {
		p.FatalStatuses = r.FinalStatuses
	}
	p.RetryableStatuses = r.RetryableStatuses
	if p.Validate() != nil {
		return defaults
	}
	return p
}

func limitsOf(l profile.Limits, defaults gate.Limits) gate.Limits {
	out := defaults
	if l.MaxConcurrency > 0 {
		out.Concurrency = l.MaxConcurrency
	}
	if l.RatePerSecond > 0 {
		out.Rate = l.RatePerSecond
	}
	if l.CircuitFailures > 0 {
		out.Circuit.Failures = l.CircuitFailures
	}
	if l.CircuitPause > 0 {
		out.Circuit.Pause = l.CircuitPause
		out.Circuit.MaxPause = max(out.Circuit.MaxPause, l.CircuitPause)
	}
	return out
}

// disabler tells the targets service that a target asked not to be called.
type disabler struct{ targets *targetsv1.TargetsBusClient }

// disableTimeout bounds the telling: an attempt waits for it.
const disableTimeout = 5 * time.Second

// Disable is harmless when the target is disabled already.
func (d disabler) Disable(ctx context.Context, tenantID, target, reason string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), disableTimeout)
	defer cancel()
	ctx = tenant.With(ctx, tenant.Identity{Tenant: tenant.ID(tenantID)})
	_, err := d.targets.DisableTarget(ctx, &targetsv1.DisableTargetRequest{TargetId: target, Reason: reason})
	return err
}

// backlog is a stream and its consumer, for the horizon.
type backlog struct {
	bus              *bus.Conn
	stream, consumer string
}

// Backlog tells how far the consumer is.
func (b backlog) Backlog(ctx context.Context) (acked, last uint64, err error) {
	return b.bus.Backlog(ctx, b.stream, b.consumer)
}

// First tells where a tenant's oldest event is, if it is that stream.
func (b backlog) First(ctx context.Context, tenantID string) (uint64, error) {
	return b.bus.FirstOf(ctx, b.stream, contract.EventSubject(tenantID, ">"))
}
