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
	who    string
	body   []byte
	object bool
}

// ReadAnswer takes any bytes of the target called who: what is wrong with them
// shows only where they are used, for a webhook may answer what it likes.
func ReadAnswer(who string, body []byte) Answer {
	body = trim(body)
	return Answer{who: who, body: body, object: isObject(body)}
}

// Empty reports that the target has nothing to say.
func (a Answer) Empty() bool { return len(a.body) == 0 }

// Merge returns what a call has made of a message, or of what a function chain
// has collected so far: a JSON object, or empty.
//
//   - Members of the answer take the place of members of the same name, whole,
//     be they arrays or objects; new ones are added at the end.
//   - Members that the answer does not name stay as they are. So {} changes
//     nothing, an answer in part is a change in part, and an answer that is
//     something else altogether, such as {"ok":true}, loses nothing of the
//     message. A target that wants a member gone says so: null, which in
//     protobuf's JSON is the same as absent.
//   - An answer that names all members there are is handed on byte for byte.
//   - An empty answer changes nothing.
//   - What is no JSON object is CodeFailedPrecondition, and the message stands.
//
// Nobody here knows the message's schema: whether a member belongs to it, its
// owner finds out, who decodes it.
//
// The original resets the message before it reads the answer into it, so that
// {} blanks a request; an earlier version of it merged.
func (a Answer) Merge(onto []byte) ([]byte, error) {
	if a.Empty() {
		return onto, nil
	}
	if !a.object || !utf8.Valid(a.body) {
		return onto, fault.FailedPrecondition("the answer of %s is not a JSON object", a.who).WithID(idNotJSON)
	}
	all := fields{at: make(map[string]int)}
	all.add(onto)
	if all.add(a.body) {
		return a.body, nil
	}
	return all.object(len(onto) + len(a.body)), nil
}
