package sandbox

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// maxMessage bounds the text of an error, in bytes.
const maxMessage = 2000

// failure says what err was, in the original platform's words where it has
// some (actions-v1 3.2).
func (c *call) failure(err error) *invocation.Error {
	var known *invocation.Error
	var interrupted *goja.InterruptedError
	var overflow *goja.StackOverflowError
	var exception *goja.Exception
	var rejected *rejection
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &interrupted):
		return interruption(interrupted)
	case errors.As(err, &overflow):
		return at(overflow.Stack(), invocation.KindStack, "RangeError: Maximum call stack size exceeded"+overflow.Error())
	case errors.As(err, &rejected):
		return c.rejected(rejected.reason)
	case errors.As(err, &exception):
		return c.thrown(exception)
	case errors.Is(err, errNotFound):
		return &invocation.Error{Kind: invocation.KindNotFound, Message: err.Error()}
	case errors.Is(err, errPending):
		return &invocation.Error{Kind: invocation.KindPending, Message: err.Error()}
	}
	return &invocation.Error{Kind: invocation.KindOutput, Message: err.Error()}
}

// overdue corrects the kind of an exception that came of time running out: an
// outgoing call ends with the phase, and its exception may be there before the
// interrupt.
func (c *call) overdue(ctx context.Context, e *invocation.Error) *invocation.Error {
	switch {
	case e.Kind != invocation.KindThrown:
	case ctx.Err() != nil:
		e.Kind = invocation.KindCanceled
	case !time.Now().Before(c.limit.deadline()):
		e.Kind = invocation.KindTimeout
	}
	return e
}

func interruption(err *goja.InterruptedError) *invocation.Error {
	kind := invocation.KindTimeout
	if why, ok := err.Value().(stop); ok {
		kind = why.kind
	}
	return at(err.Stack(), kind, err.Error())
}

// at takes the position from the innermost frame that has one.
func at(stack []goja.StackFrame, kind invocation.Kind, message string) *invocation.Error {
	e := &invocation.Error{Kind: kind, Message: cut(message)}
	for i := range stack {
		if p := stack[i].Position(); p.Line > 0 {
			e.Line, e.Column = p.Line, p.Column
			break
		}
	}
	return e
}

func (c *call) thrown(exception *goja.Exception) *invocation.Error {
	text, failed := c.describe(exception.Error)
	if failed != nil {
		return failed
	}
	return at(exception.Stack(), invocation.KindThrown, text)
}

// describe makes a text of something thrown. That may run the script's own
// toString, which may itself throw or never end.
func (c *call) describe(text func() string) (string, *invocation.Error) {
	var s string
	err := c.protect(func() error {
		s = text()
		return nil
	})
	var interrupted *goja.InterruptedError
	if errors.As(err, &interrupted) {
		return "", interruption(interrupted)
	}
	if err != nil {
		return "an exception without a text", nil //nolint:nilerr // what was thrown is the failure, that it has no text is not
	}
	return s, nil
}

// frame is a line of an error's stack: "\tat name (<eval>:1:32(3))", the
// position of the outermost level without parentheses.
var frame = regexp.MustCompile(`(?m)^\s+at (.*<eval>:(\d+):(\d+)\(\d+\)\)?)$`)

// rejected describes the reason of a rejected promise like an exception: an
// Error knows in its stack where it was made.
func (c *call) rejected(reason goja.Value) *invocation.Error {
	text, failed := c.describe(reason.String)
	if failed != nil {
		return failed
	}
	e := &invocation.Error{Kind: invocation.KindThrown, Message: text}
	if o, ok := reason.(*goja.Object); ok && o.ClassName() == "Error" {
		stack, failed := c.describe(func() string { return o.Get("stack").String() })
		if failed != nil {
			return failed
		}
		if m := frame.FindStringSubmatch(cut(stack)); m != nil {
			e.Message += " at " + m[1]
			e.Line, _ = strconv.Atoi(m[2])
			e.Column, _ = strconv.Atoi(m[3])
		}
	}
	e.Message = cut(e.Message)
	return e
}

func cut(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	return strings.ToValidUTF8(s[:maxMessage], "")
}
