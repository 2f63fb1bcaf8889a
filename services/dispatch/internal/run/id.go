package run

import (
	"strconv"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
)

// ID names a run: a snowflake.
type ID int64

// DeliveryID names a delivery: a snowflake.
type DeliveryID int64

// ParseID reads a run's id as the wire has it. What is no snowflake is
// CodeInvalid.
func ParseID(text string) (ID, error) {
	n, err := parse(text)
	return ID(n), err
}

// ParseDeliveryID is ParseID for deliveries.
func ParseDeliveryID(text string) (DeliveryID, error) {
	n, err := parse(text)
	return DeliveryID(n), err
}

// Made returns when the run's event was stored, or its hook was called, to
// within a few milliseconds.
func (id ID) Made() time.Time { return ident.TimeOf(int64(id)) }

// String returns the id as the wire has it.
func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// String returns the id as the wire has it.
func (id DeliveryID) String() string { return strconv.FormatInt(int64(id), 10) }

// MessageID is the webhook-id of a step: the receiver's idempotency key. It is
// made of the run and the position, which are the same over retries, over
// restarts, and when the message that carries the run is handled twice; the
// delivery's id is new in the last case. It has no dot, which would end it in
// the text that is signed.
func MessageID(id ID, position int) string {
	text := strconv.AppendInt(make([]byte, 0, 32), int64(id), 10)
	return string(strconv.AppendInt(append(text, '-'), int64(position), 10))
}

func parse(text string) (int64, error) {
	if !ident.IsSnowflake(text) {
		return 0, fault.Invalid("id %q is not a snowflake", text)
	}
	return strconv.ParseInt(text, 10, 64)
}
