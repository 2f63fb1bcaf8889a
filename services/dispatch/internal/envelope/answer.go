package envelope

import (
	"unicode/utf8"

	"github.com/actionplane/actionplane/libs/fault"
)

// idNotJSON is the wire's error id of an answer that cannot be used.
const idNotJSON = "ACTION-4m9s2"

// Answer is the body with which a target answered 2xx. It keeps the bytes it
// was read from; they must not change.
type Answer struct {
	body   []byte
	object bool
}

// ReadAnswer takes any bytes: what is wrong with them shows only where they
// are used, for a webhook may answer what it likes.
func ReadAnswer(body []byte) Answer {
	body = trim(body)
	return Answer{body: body, object: isObject(body)}
}

// Empty reports that the target has nothing to say.
func (a Answer) Empty() bool { return len(a.body) == 0 }

// Replace returns the message after a call in a request or response chain:
// the answer in place of message, as a whole and byte for byte, or message
// itself where the answer is empty. An answer that is no JSON object is
// CodeFailedPrecondition, and message stands.
func (a Answer) Replace(message []byte) ([]byte, error) {
	if a.Empty() {
		return message, nil
	}
	if err := a.usable(); err != nil {
		return message, err
	}
	return a.body, nil
}

// Merge returns what a function chain has collected after a call: members of
// the answer take the place of collected ones of the same key, arrays and
// objects as a whole, and new ones are added at the end. collected is a JSON
// object or empty. Errors are those of Replace.
func (a Answer) Merge(collected []byte) ([]byte, error) {
	if a.Empty() {
		return collected, nil
	}
	if err := a.usable(); err != nil {
		return collected, err
	}
	all := fields{at: make(map[string]int)}
	all.add(collected)
	all.add(a.body)
	return all.object(len(collected) + len(a.body)), nil
}

func (a Answer) usable() error {
	if a.object && utf8.Valid(a.body) {
		return nil
	}
	return fault.FailedPrecondition("the target's answer is not a JSON object").WithID(idNotJSON)
}
