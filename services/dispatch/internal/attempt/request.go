package attempt

import (
	"context"
	"errors"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/envelope"
	"github.com/actionplane/actionplane/services/dispatch/internal/profile"
)

// request makes a try by a request on the bus. The headers are those of HTTP.
func (m *Maker) request(ctx context.Context, subject string, req Request, p *profile.Profile) (Result, error) {
	ctx, span := beginRequest(ctx, subject, req)
	result, err := m.ask(ctx, subject, req, p)
	end(span, result, err)
	return result, err
}

func (m *Maker) ask(ctx context.Context, subject string, req Request, p *profile.Profile) (Result, error) {
	ctx, cancel := context.WithDeadline(ctx, req.deadline)
	defer cancel()
	fields, err := m.headers(ctx, req, p)
	if err != nil {
		return Result{}, err
	}
	header := map[string][]string{"Content-Type": {"application/json"}}
	for _, f := range fields {
		header[f.Name] = []string{f.Value}
	}
	answer, err := m.bus.Request(ctx, subject, header, req.Body)
	if err != nil {
		return notAnswered(req.Step.Called(), err)
	}
	return Result{Transport: delivery.Answered, Answer: answer}, nil
}

func notAnswered(who string, err error) (Result, error) {
	var refused *bus.Refusal
	if errors.As(err, &refused) {
		return refusedWith(who, refused.Status), nil
	}
	switch fault.CodeOf(err) {
	case fault.CodeInvalid:
		return failed(delivery.Denied, fault.Invalid("Errors.Endpoint.Denied: %s has a subject that cannot be called", who).WithID(idEndpoint).Because(err)), nil
	case fault.CodeNotFound:
		return failed(delivery.Unreachable, fault.New(fault.CodeUnknown, "%s gave no answer: connect: nobody listens on its subject", who).Because(err)), nil
	case fault.CodeDeadline:
		return failed(delivery.TimedOut, fault.Deadline("%s did not answer in time", who).Because(err)), nil
	}
	return Result{}, err
}

// refusedWith is an error answer. Its number is the listener's own; only what
// can be an HTTP status of a failure is taken for one.
func refusedWith(who string, status int) Result {
	if status < 300 || status > 599 {
		return failed(delivery.BrokenAnswer, fault.FailedPrecondition("%s refused", who).WithID(idFailed))
	}
	return Result{Transport: delivery.Answered, Status: status, Err: envelope.StatusFault(who, status)}
}
