// Package attempt makes one try of a step, whichever way its endpoint leads:
// an HTTP POST, a JavaScript action, or a request on the bus. The same bytes go
// every way. It signs, sends and says what came of it; what follows from that
// it does not know.
//
// Whose fault a failure is decides where it goes. What the target did wrong is
// part of the Result. What we could not do (no signing key to be had, our bus
// away, told to stop) is an error: then nothing may have been sent, and it does
// not count against the target.
package attempt

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/profile"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/sender"
)

// ErrDisabled is in the error of a try that was not made because its target is
// disabled.
var ErrDisabled = errors.New("target is disabled")

// Request is one try.
type Request struct {
	Tenant   string
	Run      run.ID
	Position int
	Step     run.Step
	Body     []byte
	// Timeout of the whole try; an earlier deadline of the context wins.
	Timeout time.Duration
	// Number of the try, from 1; 0 where there is only one.
	Number int
	// KeepAnswer asks for the answer's body.
	KeepAnswer bool

	deadline time.Time // when it must be over
}

// Result is what came of a try.
type Result struct {
	StartedAt time.Time
	Duration  time.Duration
	Transport delivery.Transport
	Status    int    // HTTP status, where the target gave one
	Received  int64  // bytes of the answer's body
	Answer    []byte // of a success, when it was to be kept
	Whole     bool   // the answer is the message as it shall be, not a change of it
	// RetryAfter is how long the target asked us to wait; 0: it did not.
	RetryAfter time.Duration
	// Refused: the target said no, and means it.
	Refused bool
	// Err is nil after a success; otherwise what a caller may be told.
	Err error
}

// Verdict says what the try means for a delivery.
func (r Result) Verdict(p delivery.Policy) delivery.Verdict {
	switch {
	case r.Err == nil:
		return delivery.Verdict{Outcome: delivery.OutcomeSucceeded}
	case r.Refused:
		return delivery.Verdict{Outcome: delivery.OutcomeFailed, Reason: delivery.Refused}
	}
	return delivery.Classify(p, r.Transport, r.Status)
}

type profiles interface {
	AtHand(tenantID, target string) (*profile.Profile, bool)
	Profile(ctx context.Context, tenantID, target string) (*profile.Profile, error)
}

// Maker makes tries. It is safe for concurrent use.
type Maker struct {
	profiles profiles
	sender   *sender.Sender
	bus      *bus.Conn
	scripts  *scriptsv1.ScriptsBusClient
	trace    profile.Trace
}

// New returns a maker. Targets that do not say it themselves are told of traces
// what t says; by default nothing.
func New(p profiles, s *sender.Sender, conn *bus.Conn, t profile.Trace) *Maker {
	return &Maker{profiles: p, sender: s, bus: conn, scripts: scriptsv1.NewScriptsBusClient(conn), trace: t}
}

// Attempt makes one try. An error is ours, see the package comment;
// CodeNotFound: the target is deleted; [ErrDisabled]: it is disabled.
func (m *Maker) Attempt(ctx context.Context, req Request) (Result, error) {
	ctx, span := begin(ctx, req)
	result, err := m.attempt(ctx, req)
	end(span, result, err)
	return result, err
}

func (m *Maker) attempt(ctx context.Context, req Request) (Result, error) {
	start := time.Now()
	req.bound(ctx, start)
	if tenant.From(ctx).Tenant != tenant.ID(req.Tenant) {
		ctx = tenant.With(ctx, tenant.Identity{Tenant: tenant.ID(req.Tenant)})
	}
	p, err := m.profile(ctx, &req)
	if err != nil {
		return Result{}, err
	}
	if p.Disabled != "" {
		return Result{}, fault.FailedPrecondition("%s is disabled: %s", req.Step.Called(), p.Disabled).Because(ErrDisabled)
	}
	result, err := m.send(ctx, req, p)
	result.StartedAt, result.Duration = start, time.Since(start)
	return result, err
}

// bound sets when the try must be over. Where that is not watched by who does
// the work, a context with that deadline does it, which costs a timer.
func (r *Request) bound(ctx context.Context, start time.Time) {
	r.deadline = start.Add(r.Timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(r.deadline) {
		r.deadline = d
	}
}

// profile returns what sending takes; nearly always it is at hand.
func (m *Maker) profile(ctx context.Context, req *Request) (*profile.Profile, error) {
	if p, ok := m.profiles.AtHand(req.Tenant, req.Step.TargetID); ok {
		return p, nil
	}
	ctx, cancel := context.WithDeadline(ctx, req.deadline)
	defer cancel()
	return m.profiles.Profile(ctx, req.Tenant, req.Step.TargetID)
}

func (m *Maker) send(ctx context.Context, req Request, p *profile.Profile) (Result, error) {
	scheme, rest, _ := strings.Cut(req.Step.Endpoint, "://")
	scheme = strings.ToLower(scheme)
	if scheme == "action" { // stays in the house, so the payload stays JSON
		return m.invoke(ctx, rest, req)
	}
	if failure := prepare(&req, p); failure != nil {
		return failed(notReady, failure), nil
	}
	if scheme == "nats" {
		return m.request(ctx, rest, req, p)
	}
	return m.post(ctx, req, p) // the sender refuses what is neither http nor https
}

// notReady is the class of what the target's operator has to put right before
// anything can be sent: until then it is tried again.
const notReady delivery.Transport = "not_ready"

// prepare makes the body what the target wants to get.
func prepare(req *Request, p *profile.Profile) *fault.Error {
	if p.Broken != nil {
		return fault.FailedPrecondition("%s cannot be called: %s", req.Step.Called(), p.Broken)
	}
	if p.Sealer == nil {
		return nil
	}
	sealed, err := p.Sealer.Seal(req.Body)
	if known, ok := fault.As(err); ok {
		return fault.New(known.Code, "%s: %s has no active key", known.Message, req.Step.Called()).WithID(known.ID)
	}
	if err != nil {
		return fault.Internal("the payload for %s cannot be sealed", req.Step.Called()).Because(err)
	}
	req.Body = sealed
	return nil
}

// left is how long the try may still take, at least a millisecond.
func (r *Request) left() time.Duration { return max(time.Until(r.deadline), time.Millisecond) }

// failed is a try that the target is to blame for.
func failed(transport delivery.Transport, err *fault.Error) Result {
	return Result{Transport: transport, Err: err}
}
