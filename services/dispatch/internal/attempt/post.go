package attempt

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/envelope"
	"github.com/actionplane/actionplane/services/dispatch/internal/profile"
	"github.com/actionplane/actionplane/services/dispatch/internal/sender"
)

// idEndpoint is the wire's error id of an endpoint that cannot be called.
const idEndpoint = "EXEC-N5lu09"

// post makes a try over HTTP.
func (m *Maker) post(ctx context.Context, req Request, p *profile.Profile) (Result, error) {
	ctx, span := beginPost(ctx, req)
	answer, err := m.exchange(ctx, req, p)
	endPost(span, answer, err)
	if err != nil {
		r, err := unanswered(req.Step.Called(), answer.Status, err)
		r.Received = answer.BodySize
		return r, err
	}
	r := Result{Transport: delivery.Answered, Status: answer.Status, Received: answer.BodySize}
	if answer.Status < 200 || answer.Status > 299 {
		r.RetryAfter = delivery.ParseRetryAfter(answer.RetryAfter, time.Now())
		r.Err = envelope.StatusFault(req.Step.Called(), answer.Status)
		return r, nil
	}
	if req.KeepAnswer {
		r.Answer = answer.Body
	}
	return r, nil
}

// exchange signs, sends and waits for the answer.
func (m *Maker) exchange(ctx context.Context, req Request, p *profile.Profile) (sender.Response, error) {
	fields, err := m.headers(ctx, req, p)
	if err != nil {
		return sender.Response{}, err
	}
	out := sender.Request{URL: req.Step.Endpoint, Body: req.Body, Header: fields, Timeout: req.left(), Allow: p.Allow, Identity: p.Identity}
	if !req.KeepAnswer {
		out.KeepBody = 1 // zero would keep all
	}
	return m.sender.Send(ctx, out)
}

// unanswered reads the sender's failure. Status is that of an answer whose body
// did not come.
func unanswered(who string, status int, err error) (Result, error) {
	var f *sender.Failure
	if !errors.As(err, &f) || f.Kind == sender.KindCanceled || f.Kind == sender.KindClosed {
		return Result{}, err
	}
	r := failed(transportOf(f), told(who, f))
	r.Status = status
	return r, nil
}

func transportOf(f *sender.Failure) delivery.Transport {
	switch f.Kind {
	case sender.KindInvalid:
		return delivery.InvalidEndpoint
	case sender.KindDenied:
		return delivery.Denied
	case sender.KindDial:
		if errors.As(f, new(*net.DNSError)) {
			return delivery.Unresolved
		}
		return delivery.Unreachable
	case sender.KindTLS:
		return delivery.Insecure
	case sender.KindTimeout:
		return delivery.TimedOut
	case sender.KindTooLarge:
		return delivery.AnswerTooLarge
	case sender.KindMalformed:
		return delivery.BrokenAnswer
	default:
		return delivery.Unreachable
	}
}

// told is what the caller of a hook may learn of a failure: the target's name,
// what was being done, and why it failed; never more of the endpoint than
// scheme, host and port. As in the original, what has no class of its own is
// UNKNOWN.
func told(who string, f *sender.Failure) *fault.Error {
	switch known, _ := fault.As(f); {
	case known != nil:
		return fault.New(known.Code, "%s; it is the endpoint of %s", known.Message, who).WithID(known.ID)
	case f.Kind == sender.KindInvalid:
		return fault.Invalid("Errors.Endpoint.Invalid: %s cannot be called: %s", who, f.Cause()).WithID(idEndpoint)
	case f.Kind == sender.KindTimeout:
		return fault.Deadline("%s did not answer in time: %s", who, where(f))
	}
	return fault.New(fault.CodeUnknown, "%s gave no answer: %s: %s", who, where(f), f.Cause())
}

// where says how far an attempt had come.
func where(f *sender.Failure) string {
	if f.Origin == "" {
		return f.Phase()
	}
	return f.Phase() + " " + f.Origin
}
