package hostapi

import (
	"math"
	"time"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/loop"
)

// maxDelay is the longest delay of a timer; longer than any script may run.
const maxDelay = time.Hour

// setTimer returns setTimeout(f, milliseconds, ...args), or setInterval.
func (s *session) setTimer(repeat bool) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		return s.startTimer(call, loop.Timer{Repeat: repeat})
	}
}

// looseTimer(f, milliseconds) starts a timer that nobody waits for.
func (s *session) looseTimer(call goja.FunctionCall) goja.Value {
	return s.startTimer(call, loop.Timer{Loose: true})
}

func (s *session) startTimer(call goja.FunctionCall, t loop.Timer) goja.Value {
	f, ok := goja.AssertFunction(call.Argument(0))
	if !ok {
		panic(s.vm.NewTypeError("the callback must be a function"))
	}
	t.Delay = delay(call.Argument(1))
	var args []goja.Value
	if len(call.Arguments) > 2 {
		args = append(args, call.Arguments[2:]...)
	}
	t.Fire = func() error {
		_, err := f(goja.Undefined(), args...)
		return err
	}
	id, err := s.Loop.Set(t)
	if err != nil {
		s.throw(err.Error())
	}
	return s.vm.ToValue(id)
}

// delay reads milliseconds; what is no number is zero.
func delay(v goja.Value) time.Duration {
	milliseconds := v.ToFloat()
	if math.IsNaN(milliseconds) || milliseconds <= 0 {
		return 0
	}
	return time.Duration(min(milliseconds, float64(maxDelay/time.Millisecond)) * float64(time.Millisecond))
}

func (s *session) clearTimer(call goja.FunctionCall) goja.Value {
	if id := call.Argument(0); goja.IsNumber(id) {
		s.Loop.Clear(id.ToInteger())
	}
	return goja.Undefined()
}

// queueMicrotask(f) runs f as a promise job; what it throws is an unhandled
// rejection.
func (s *session) queueMicrotask(call goja.FunctionCall) goja.Value {
	f, ok := goja.AssertFunction(call.Argument(0))
	if !ok {
		panic(s.vm.NewTypeError("the callback must be a function"))
	}
	promise, resolve, _ := s.vm.NewPromise()
	_ = resolve(goja.Undefined()) // runs nothing: nobody follows the promise yet
	then, _ := goja.AssertFunction(s.vm.ToValue(promise).ToObject(s.vm).Get("then"))
	run := s.vm.ToValue(func(goja.FunctionCall) goja.Value {
		if _, err := f(goja.Undefined()); err != nil {
			panic(err)
		}
		return goja.Undefined()
	})
	if then == nil {
		panic(s.vm.NewTypeError("Promise.prototype.then is not a function"))
	}
	if _, err := then(s.vm.ToValue(promise), run); err != nil {
		panic(err)
	}
	return goja.Undefined()
}
