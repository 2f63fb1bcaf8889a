package envelope

import (
	"unicode/utf8"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/proto/jsontext"
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
	return Answer{who: who, body: body, object: jsontext.IsObject(body)}
}

// Empty reports that the target has nothing to say.
func (a Answer) Empty() bool { return len(a.body) == 0 }

// Merge returns what the answer of a target makes of a message, or of what a
// function chain has collected so far: a JSON object, or empty.
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
// Nobody here knows the message's schema, so no guess is made whether an answer
// "is" the message, and none can go wrong: what an answer does depends on what
// it says alone. Whether an added member belongs to the message, its owner
// finds out, who decodes it.
//
// The first version of the original merged like this. Later ones reset the
// message before they read the answer into it, so that {} blanks a request, and
// leaving a member out removes it; that is the one thing of theirs which a
// target has to say differently.
func (a Answer) Merge(onto []byte) ([]byte, error) {
	if a.Empty() {
		return onto, nil
	}
	if err := a.usable(); err != nil {
		return onto, err
	}
	all := fields{at: make(map[string]int)}
	all.add(onto)
	if all.add(a.body) {
		return a.body, nil
	}
	return all.object(len(onto) + len(a.body)), nil
}

// Replace returns the answer in place of message, byte for byte. It is for
// scripts: they are handed the message as an object and return it, and what
// they have deleted is to be gone. Otherwise it is as Merge.
func (a Answer) Replace(message []byte) ([]byte, error) {
	if a.Empty() {
		return message, nil
	}
	if err := a.usable(); err != nil {
		return message, err
	}
	return a.body, nil
}

func (a Answer) usable() error {
	if a.object && utf8.Valid(a.body) {
		return nil
	}
	return fault.FailedPrecondition("the answer of %s is not a JSON object", a.who).WithID(idNotJSON)
}
