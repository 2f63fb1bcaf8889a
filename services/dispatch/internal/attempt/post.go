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
	fields, err := headers(ctx, req, p.Signer)
	if err != nil {
		return Result{}, err
	}
	out := sender.Request{URL: req.Step.Endpoint, Body: req.Body, Header: fields, Timeout: left(ctx, req.Timeout), Allow: p.Allow}
	if !req.KeepAnswer {
		out.KeepBody = 1 // zero would keep all
	}
	answer, err := m.sender.Send(ctx, out)
	if err != nil {
		return unanswered(answer.Status, err)
	}
	r := Result{Transport: delivery.Answered, Status: answer.Status}
	if answer.Status < 200 || answer.Status > 299 {
		r.RetryAfter = delivery.ParseRetryAfter(answer.RetryAfter, time.Now())
		r.Err = envelope.StatusFault(answer.Status)
		return r, nil
	}
	if req.KeepAnswer {
		r.Answer = answer.Body
	}
	return r, nil
}

// unanswered reads the sender's failure. Status is that of an answer whose body
// did not come.
func unanswered(status int, err error) (Result, error) {
	var f *sender.Failure
	if !errors.As(err, &f) || f.Kind == sender.KindCanceled || f.Kind == sender.KindClosed {
		return Result{}, err
	}
	r := failed(transportOf(f), told(f))
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

// told is what the caller of a hook may learn of a failure. As in the original,
// what has no class of its own is UNKNOWN.
func told(f *sender.Failure) *fault.Error {
	if denied, ok := fault.As(f); ok {
		return denied
	}
	switch f.Kind {
	case sender.KindInvalid:
		return fault.Invalid("the target's endpoint cannot be called").WithID(idEndpoint).Because(f)
	case sender.KindTimeout:
		return timedOut(f)
	}
	return fault.New(fault.CodeUnknown, "the target gave no answer: %s", f.Kind).Because(f)
}

func timedOut(cause error) *fault.Error {
	return fault.Deadline("the target did not answer in time").Because(cause)
}
