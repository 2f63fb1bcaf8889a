package invocation

import "fmt"

// Kind is why a call failed.
type Kind uint8

// The kinds. Those up to KindMemory are the script's doing; KindCrash is too,
// nearly always, but cannot be told from a process that somebody else killed.
const (
	KindSyntax   Kind = 1  // the script does not compile
	KindNotFound Kind = 2  // it defines no function of the action's name
	KindThrown   Kind = 3  // it threw, or its promise was rejected
	KindPending  Kind = 4  // its promise waits for something that cannot happen
	KindTimeout  Kind = 5  // it overran its time
	KindCanceled Kind = 6  // the caller went away
	KindStack    Kind = 7  // it recursed too deeply
	KindOutput   Kind = 8  // its result is too large or has no JSON
	KindMemory   Kind = 9  // it overran its worker's memory
	KindInput    Kind = 10 // the input is not JSON
	KindCrash    Kind = 11 // its worker died
)

var kindNames = [...]string{
	KindSyntax: "syntax", KindNotFound: "not found", KindThrown: "thrown", KindPending: "pending",
	KindTimeout: "timeout", KindCanceled: "canceled", KindStack: "stack", KindOutput: "output",
	KindMemory: "memory", KindInput: "input", KindCrash: "crash",
}

// String returns the kind in words.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Error is a failed call.
type Error struct {
	Kind Kind
	// Message is the text the author sees, in the original platform's form:
	// "Error: bad at err (<eval>:1:32(3))".
	Message string
	// Line and Column are where it happened in the source, from 1; zero where
	// that is not known.
	Line, Column int
}

// Error returns the author's text.
func (e *Error) Error() string { return e.Message }

// Is reports whether target is an *Error of the same kind, so that
// errors.Is(err, &Error{Kind: KindTimeout}) asks for the kind.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error) // one link of the chain; errors.Is walks it
	return ok && t.Kind == e.Kind && (t.Message == "" || t.Message == e.Message)
}
