package bus

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/proto/contract"
)

// MaxPayload is the most bytes that a message may have.
func (c *Conn) MaxPayload() int64 { return c.nc.MaxPayload() }

// Request sends data to whoever listens on a subject that somebody else chose,
// and returns the answer's data. Only header goes out with it: the listener is
// not one of us, so identity stays here. A ctx without a deadline gets
// DefaultTimeout.
//
// Errors: CodeInvalid for a subject that CheckSubject refuses; CodeNotFound
// where nobody listens; CodeDeadline; CodeUnavailable when the bus itself is
// away; a *Refusal when the listener answered with an error the way NATS
// services do.
func (c *Conn) Request(ctx context.Context, subject string, header map[string][]string, data []byte) ([]byte, error) {
	if err := CheckSubject(subject); err != nil {
		return nil, err
	}
	if err := c.Ready(ctx); err != nil {
		return nil, err // a request of a lost connection would wait for its time-out
	}
	ctx, cancel := withDefaultTimeout(ctx)
	defer cancel()
	answer, err := c.nc.RequestMsgWithContext(ctx, &nats.Msg{Subject: subject, Header: nats.Header(header), Data: data})
	if err != nil {
		return nil, requestError(subject, err)
	}
	return answer.Data, refusal(answer.Header)
}

func requestError(subject string, err error) error {
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return fault.NotFound("nobody listens on %s", subject).Because(err)
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fault.Deadline("no answer from %s in time", subject).Because(err)
	case errors.Is(err, nats.ErrMaxPayload):
		return fault.Invalid("the message is larger than the bus allows").Because(err)
	}
	return fault.Unavailable("the bus is not available").Because(err)
}

// Refusal is the error with which a listener answered a Request, by the
// convention of NATS services.
type Refusal struct {
	Status int // Nats-Service-Error-Code; 0 where it is no number
	Text   string
}

// Error returns the listener's text.
func (r *Refusal) Error() string { return "the listener refused: " + r.Text }

func refusal(h nats.Header) error {
	code := get(h, contract.HeaderErrorCode)
	if code == "" {
		return nil
	}
	status, err := strconv.Atoi(code)
	if err != nil {
		status = 0
	}
	return &Refusal{Status: status, Text: oneLine(get(h, contract.HeaderErrorText))}
}

// CheckSubject refuses, as CodeInvalid, what a stranger must not name: our own
// subjects and NATS's, by which internal calls, JetStream and other people's
// inboxes could be reached, and what names no single subject.
func CheckSubject(subject string) error {
	first, _, _ := strings.Cut(subject, ".")
	switch {
	case first == "actionplane", strings.HasPrefix(subject, "$"), strings.HasPrefix(subject, "_"):
		return fault.Invalid("subject %q is reserved", subject)
	case len(subject) > maxSubject, strings.ContainsAny(subject, "*> \t\r\n\x00"):
		return fault.Invalid("subject %q is not one subject", subject)
	}
	for token := range strings.SplitSeq(subject, ".") {
		if token == "" {
			return fault.Invalid("subject %q has an empty part", subject)
		}
	}
	return nil
}

// maxSubject bounds a subject in bytes; the protocol line must fit into 4 KiB.
const maxSubject = 1000
