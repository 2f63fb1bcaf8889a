package sdk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/proto/contract"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	"github.com/actionplane/actionplane/proto/jsontext"
)

// Hook is a place in a service's work where others may look and change.
type Hook struct {
	// Method is "/pkg.Service/Method"; for functions, the function's name,
	// e.g. "preaccesstoken".
	Method string
	// Payload is the message as JSON: the request, the response, or the
	// function's context (an object).
	Payload []byte
	// Request is, for responses, the request that is answered, as JSON.
	Request []byte
	// Headers of the caller's request. Only Content-Type, X-Forwarded-For,
	// X-Forwarded-Host, Host and Origin reach targets.
	Headers map[string][]string
	Caller  Caller
	// Explain asks for every step's payload before and after.
	Explain bool
}

// Caller is on whose behalf the service works.
type Caller struct {
	Organization, Project, User string
}

// Result is what became of a hook.
type Result struct {
	// RunID names the run; "" when nothing matched.
	RunID string
	// Condition that won, e.g. "request/pkg.Service/Method"; "" when nothing
	// matched.
	Condition string
	// Payload is the message to go on with. It is the hook's own, the very
	// slice, where nobody changed it.
	Payload []byte
	// Changed reports whether Payload differs from the hook's.
	Changed bool
	Steps   []Step
}

// Step is what one target did.
type Step struct {
	Position   int // from 1
	TargetID   string
	TargetName string
	Outcome    string // "succeeded", "failed", "interrupted", "queued"
	StatusCode int    // of an HTTP target
	Error      string
	Duration   time.Duration
	Changed    bool // replaced the payload
	// Before and After are set for hooks that ask to explain.
	Before, After []byte
}

// MayListen reports whether somebody may listen to a kind of hook of a method,
// or function: false where the index knows that nobody does. Then the hook
// would be answered unchanged at once, and need not be made up. See package
// documentation, "The index".
func (c *Client) MayListen(kind Kind, method string) bool {
	return c.index == nil || !c.index.silent(kind, method)
}

// Request runs before a request is handled. An *Error is a refusal to hand to
// the caller, unless Unavailable says otherwise.
func (c *Client) Request(ctx context.Context, h Hook) (Result, error) {
	if !c.MayListen(KindRequest, h.Method) {
		return Result{Payload: h.Payload}, nil
	}
	return c.run(ctx, &hooksv1.HooksRunRequestHook, h, h.Payload, &hooksv1.RunRequestHookRequest{
		Method: h.Method, Payload: h.Payload, Caller: callerProto(h.Caller), Headers: headersProto(h.Headers), Explain: h.Explain,
	})
}

// Response runs before a response is sent. The work is done by then: an
// *Error keeps the response back, it undoes nothing.
func (c *Client) Response(ctx context.Context, h Hook) (Result, error) {
	if !c.MayListen(KindResponse, h.Method) {
		return Result{Payload: h.Payload}, nil
	}
	return c.run(ctx, &hooksv1.HooksRunResponseHook, h, h.Payload, &hooksv1.RunResponseHookRequest{
		Method: h.Method, Payload: h.Payload, Request: h.Request, Caller: callerProto(h.Caller), Headers: headersProto(h.Headers), Explain: h.Explain,
	})
}

// Function runs while a function is at work. The result's payload holds what
// the targets answered, merged; it is empty when they said nothing.
func (c *Client) Function(ctx context.Context, h Hook) (Result, error) {
	if !c.MayListen(KindFunction, h.Method) {
		return Result{}, nil
	}
	// What goes in is the context, not an answer: unchanged is nothing.
	return c.run(ctx, &hooksv1.HooksRunFunctionHook, h, nil, &hooksv1.RunFunctionHookRequest{
		Function: h.Method, Payload: h.Payload, Caller: callerProto(h.Caller), Explain: h.Explain,
	})
}

// run calls m. The result's payload is unchanged where nobody answers another.
func (c *Client) run(ctx context.Context, m *contract.Method, h Hook, unchanged []byte, req proto.Message) (Result, error) {
	if err := check(h); err != nil {
		return Result{}, err
	}
	out := new(hooksv1.RunHookResponse)
	if err := c.call(ctx, m, req, out); err != nil {
		return Result{}, err
	}
	return resultFrom(unchanged, out), nil
}

// check refuses what can never succeed before it costs a message.
func check(h Hook) error {
	for _, m := range []struct {
		name string
		text []byte
	}{{"payload", h.Payload}, {"request", h.Request}} {
		if len(m.text) > 0 && !jsontext.Valid(m.text) {
			return &Error{Code: CodeInvalid, Message: m.name + " is not JSON"}
		}
	}
	if h.Method == "" {
		return &Error{Code: CodeInvalid, Message: "method is empty"}
	}
	return nil
}

func (c *Client) call(ctx context.Context, m *contract.Method, req, resp proto.Message) error {
	ctx, done := c.span(ctx, Operation{Method: m.FullName, Destination: m.Subject + ".{tenant}"})
	err := c.exchange(ctx, m, req, resp, c.request)
	done(err)
	return err
}

// exchange is one call, sent as send does.
func (c *Client) exchange(ctx context.Context, m *contract.Method, req, resp proto.Message, send func(context.Context, *nats.Msg) (*nats.Msg, error)) error {
	ctx, cancel := withDefaultTimeout(ctx)
	defer cancel()
	data, err := proto.Marshal(req)
	if err != nil {
		return &Error{Code: CodeInvalid, Message: "the call cannot be encoded", cause: err}
	}
	answer, err := send(ctx, &nats.Msg{Subject: m.Subject + "." + c.tenant, Header: c.header(ctx), Data: data})
	if err != nil {
		return transportError(err)
	}
	if err := answerError(answer.Header); err != nil {
		return err
	}
	if err := proto.Unmarshal(answer.Data, resp); err != nil {
		return &Error{Code: CodeInternal, Message: "the answer cannot be read", cause: err}
	}
	return nil
}

// request sends msg; as long as nobody is there to take it, again.
func (c *Client) request(ctx context.Context, msg *nats.Msg) (*nats.Msg, error) {
	giveUp := time.Now().Add(reconnectWindow)
	// An attempt that is cut short would look like a slow target.
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		giveUp = earlier(giveUp, deadline.Add(-min(2*retryPause, left*3/4)))
	}
	for {
		answer, err := c.requestOnce(ctx, msg)
		if !notTaken(err) || time.Now().After(giveUp) {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(retryPause):
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// requestOnce does not let nats.go buffer msg while there is no connection:
// the caller would wait until its deadline for what nobody has got.
func (c *Client) requestOnce(ctx context.Context, msg *nats.Msg) (*nats.Msg, error) {
	if c.nc.IsReconnecting() {
		return nil, nats.ErrDisconnected
	}
	return c.nc.RequestMsgWithContext(ctx, msg)
}

// notTaken reports that a request has reached nobody.
func notTaken(err error) bool {
	return errors.Is(err, nats.ErrNoResponders) || errors.Is(err, nats.ErrDisconnected)
}

func (c *Client) header(ctx context.Context) nats.Header {
	h := nats.Header{contract.HeaderTenant: {c.tenant}}
	if deadline, ok := ctx.Deadline(); ok {
		h[contract.HeaderTimeout] = []string{time.Until(deadline).String()}
	}
	c.inject(ctx, h)
	return h
}

func callerProto(c Caller) *hooksv1.Caller {
	if c == (Caller{}) {
		return nil
	}
	return &hooksv1.Caller{OrganizationId: c.Organization, ProjectId: c.Project, UserId: c.User}
}

func headersProto(h map[string][]string) map[string]*hooksv1.HeaderValues {
	if len(h) == 0 {
		return nil
	}
	out := map[string]*hooksv1.HeaderValues{}
	for _, name := range []string{"Content-Type", "X-Forwarded-For", "X-Forwarded-Host", "Host", "Origin"} {
		if v := h[name]; len(v) > 0 {
			out[name] = &hooksv1.HeaderValues{Values: v}
		}
	}
	return out
}

func resultFrom(unchanged []byte, out *hooksv1.RunHookResponse) Result {
	r := Result{RunID: out.GetRunId(), Condition: out.GetCondition(), Payload: unchanged}
	if p := out.GetPayload(); len(p) > 0 && !bytes.Equal(p, unchanged) {
		r.Payload, r.Changed = p, true
	}
	for _, s := range out.GetSteps() {
		r.Steps = append(r.Steps, Step{
			Position: int(s.GetPosition()), TargetID: s.GetTargetId(), TargetName: s.GetTargetName(),
			Outcome: outcome(s.GetOutcome()), StatusCode: int(s.GetStatusCode()), Error: s.GetError(),
			Duration: s.GetDuration().AsDuration(), Changed: s.GetChanged(),
			Before: s.GetPayloadBefore(), After: s.GetPayloadAfter(),
		})
	}
	return r
}

var outcomes = map[hooksv1.StepOutcome]string{
	hooksv1.StepOutcome_STEP_OUTCOME_SUCCEEDED:   "succeeded",
	hooksv1.StepOutcome_STEP_OUTCOME_FAILED:      "failed",
	hooksv1.StepOutcome_STEP_OUTCOME_INTERRUPTED: "interrupted",
	hooksv1.StepOutcome_STEP_OUTCOME_QUEUED:      "queued",
}

func outcome(o hooksv1.StepOutcome) string {
	if text, ok := outcomes[o]; ok {
		return text
	}
	return fmt.Sprintf("outcome %d", o) // of a newer server
}
