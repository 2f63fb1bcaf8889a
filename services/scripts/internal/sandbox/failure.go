package sandbox

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/hostapi"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/program"
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
		return c.interruption(interrupted)
	case errors.As(err, &overflow):
		return c.at(overflow.Stack(), invocation.KindStack, "RangeError: Maximum call stack size exceeded")
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

func (c *call) interruption(err *goja.InterruptedError) *invocation.Error {
	kind, text := invocation.KindTimeout, "interrupt"
	if why, ok := err.Value().(stop); ok {
		kind, text = why.kind, why.String()
	}
	return c.at(err.Stack(), kind, text)
}

// at appends the innermost frame to the text, as the original platform does,
// and takes the position from the innermost frame that has one. Our own
// JavaScript counts as native.
func (c *call) at(stack []goja.StackFrame, kind invocation.Kind, text string) *invocation.Error {
	e := &invocation.Error{Kind: kind}
	for i := range stack {
		if p := stack[i].Position(); p.Line > 0 && !hostapi.IsOwn(stack[i].SrcName()) {
			e.Line, e.Column = p.Line, p.Column+c.shift()
			break
		}
	}
	e.Message = c.cut(text + c.where(stack))
	return e
}

// where prints the innermost frame: " at err (<eval>:5:2(2))".
func (c *call) where(stack []goja.StackFrame) string {
	for i := range stack {
		if hostapi.IsOwn(stack[i].SrcName()) {
			continue
		}
		if i > 0 {
			if name := stack[i-1].FuncName(); name != "<anonymous>" {
				return " at " + name + " (native)"
			}
		}
		if stack[i].SrcName() == "<native>" && stack[i].FuncName() == "<native>" {
			return ""
		}
		var b bytes.Buffer
		stack[i].Write(&b)
		return " at " + c.original(b.String())
	}
	return ""
}

// shift is what columns of a translated script lack; see
// program.TranslatedName.
func (c *call) shift() int {
	if c.program.Translated() {
		return 1
	}
	return 0
}

// translatedFrame is a position of a translated script.
var translatedFrame = regexp.MustCompile(`\b` + program.TranslatedName + `:(\d+):(\d+)\(`)

// original turns positions of a translated script into the usual form.
func (c *call) original(text string) string {
	if !c.program.Translated() {
		return text
	}
	return translatedFrame.ReplaceAllStringFunc(text, func(found string) string {
		m := translatedFrame.FindStringSubmatch(found)
		column, _ := strconv.Atoi(m[2])
		return "<eval>:" + m[1] + ":" + strconv.Itoa(column+1) + "("
	})
}

func (c *call) thrown(exception *goja.Exception) *invocation.Error {
	text, failed := c.describe(func() string { return exception.Value().String() })
	if failed != nil {
		return failed
	}
	return c.at(exception.Stack(), invocation.KindThrown, text)
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
		return "", c.interruption(interrupted)
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
		if m := frame.FindStringSubmatch(c.original(cut(stack))); m != nil {
			e.Message += " at " + m[1]
			e.Line, _ = strconv.Atoi(m[2])
			e.Column, _ = strconv.Atoi(m[3])
		}
	}
	e.Message = c.cut(e.Message)
	return e
}

// cut hides secrets and bounds the text.
func (c *call) cut(s string) string { return cut(c.mask.Hide(s, maxMessage)) }

func cut(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	return strings.ToValidUTF8(s[:maxMessage], "")
}
