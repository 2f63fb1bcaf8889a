package bus

import (
	"time"

	"github.com/actionplane/actionplane/libs/fault"
)

// disposition is what becomes of a consumed message.
type disposition uint8

const (
	ack  disposition = iota // done
	nak                     // ours to heal: again, after a pause
	term                    // it can never succeed: never again
)

// dispose is the one place that turns a handler's error into a disposition.
// What is wrong with the message itself is terminated; everything else is our
// own trouble, and trouble heals.
func dispose(err error) disposition {
	switch {
	case err == nil:
		return ack
	case fault.CodeOf(err) == fault.CodeInvalid, fault.CodeOf(err) == fault.CodeUnimplemented:
		return term
	}
	return nak
}

// nakPause returns how long to wait before a message is delivered for the
// (delivered+1)th time: 100 ms doubling up to 30 s.
func nakPause(delivered uint64) time.Duration {
	pause := 100 * time.Millisecond
	for range min(delivered, 10) {
		pause *= 2
	}
	return min(pause, 30*time.Second)
}
