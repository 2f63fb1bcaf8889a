package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
)

const (
	// DefaultTimeout of a call whose context has no deadline.
	DefaultTimeout = 10 * time.Second
	// ReconnectWindow is how long a call waits for an owner to come up.
	ReconnectWindow = 3 * time.Second
	retryPause      = 25 * time.Millisecond
)

// Call sends req to the owner of m and fills resp. It implements
// contract.Caller. Errors carry the owner's class and id; UNAVAILABLE: no
// owner is up; DEADLINE_EXCEEDED: no answer in time.
func (c *Conn) Call(ctx context.Context, m *contract.Method, req, resp proto.Message) error {
	ctx, cancel := withDefaultTimeout(ctx)
	defer cancel()
	start := time.Now()
	ctx, span := c.startCall(ctx, m)
	err := c.call(ctx, m, req, resp)
	endCall(span, err)
	c.meters.call(ctx, m, start, err)
	return err
}

func (c *Conn) call(ctx context.Context, m *contract.Method, req, resp proto.Message) error {
	data, err := proto.Marshal(req)
	if err != nil {
		return fault.Internal("%s: encode the request", m.FullName).Because(err)
	}
	answer, err := c.request(ctx, &nats.Msg{Subject: subject(ctx, m), Header: outgoing(ctx), Data: data})
	if err != nil {
		return callError(m, err)
	}
	if err := answerError(answer); err != nil {
		return err
	}
	if err := proto.Unmarshal(answer.Data, resp); err != nil {
		return fault.Internal("%s: decode the answer", m.FullName).Because(err)
	}
	return nil
}

// request sends msg and waits for the answer; as long as nobody is there to
// take it, it sends it again.
func (c *Conn) request(ctx context.Context, msg *nats.Msg) (*nats.Msg, error) {
	giveUp := time.Now().Add(ReconnectWindow)
	// An attempt that is cut short would look like an owner who is slow.
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
func (c *Conn) requestOnce(ctx context.Context, msg *nats.Msg) (*nats.Msg, error) {
	if c.nc.IsReconnecting() {
		return nil, nats.ErrDisconnected
	}
	return c.nc.RequestMsgWithContext(ctx, msg)
}

// notTaken reports that a request has reached nobody.
func notTaken(err error) bool {
	return errors.Is(err, nats.ErrNoResponders) || errors.Is(err, nats.ErrDisconnected)
}

func subject(ctx context.Context, m *contract.Method) string {
	return m.Subject + "." + string(tenant.From(ctx).Tenant)
}

func withDefaultTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, DefaultTimeout)
}

func callError(m *contract.Method, err error) error {
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return fault.Unavailable("the %s service is not available", m.Owner()).Because(err)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("call %s: %w", m.Subject, err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fault.Deadline("the %s service did not answer in time", m.Owner()).Because(err)
	case errors.Is(err, nats.ErrMaxPayload):
		return fault.Invalid("the message is larger than the bus allows").Because(err)
	}
	return fault.Unavailable("the bus is not available").Because(err)
}

// answerError returns the error that an answer's headers tell of, if any.
func answerError(answer *nats.Msg) error {
	h := answer.Header
	text := get(h, contract.HeaderErrorText)
	code := get(h, contract.HeaderErrorCode)
	if code == "" {
		return nil
	}
	n, err := strconv.ParseUint(code, 10, 8)
	if err != nil || n == 0 {
		n = uint64(fault.CodeUnknown)
	}
	status, err := strconv.Atoi(get(h, contract.HeaderErrorStatus))
	if err != nil {
		status = 0
	}
	return &fault.Error{
		Code:    fault.Code(n),
		Message: text,
		ID:      get(h, contract.HeaderErrorID),
		Reason:  get(h, contract.HeaderErrorReason),
		Status:  status,
		Answer:  answer.Data,
	}
}

// errorAnswer is the reverse of answerError. What is not classified is our own
// mistake: its text stays in our log.
func errorAnswer(err error) (nats.Header, []byte) {
	h := nats.Header{}
	e, ok := fault.As(err)
	if !ok {
		e = &fault.Error{Code: fault.CodeOf(err), Message: "internal error"}
		if e.Code == fault.CodeUnknown {
			e.Code = fault.CodeInternal
		}
		if e.Code == fault.CodeDeadline {
			e.Message = "time ran out"
		}
	}
	set(h, contract.HeaderErrorCode, strconv.FormatUint(uint64(e.Code), 10))
	set(h, contract.HeaderErrorText, oneLine(e.Message))
	set(h, contract.HeaderErrorID, e.ID)
	set(h, contract.HeaderErrorReason, e.Reason)
	if e.Status != 0 {
		set(h, contract.HeaderErrorStatus, strconv.Itoa(e.Status))
	}
	return h, e.Answer
}

// oneLine keeps a text within one header line.
func oneLine(s string) string {
	b := []byte(s)
	for i, ch := range b {
		if ch == '\r' || ch == '\n' {
			b[i] = ' '
		}
	}
	if len(b) > 4096 {
		b = b[:4096]
	}
	return string(b)
}
