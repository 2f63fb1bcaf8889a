package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/hostapi"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/loop"
	"github.com/actionplane/actionplane/services/scripts/internal/payload"
	"github.com/actionplane/actionplane/services/scripts/internal/program"
)

// errNotFound is a script without the function, in the original's words.
var errNotFound = errors.New("function not found")

// call is one invocation under way.
type call struct {
	*Sandbox
	vm        *goja.Runtime
	req       *invocation.Request
	program   *program.Program
	doc       *payload.Document
	mask      hostapi.Mask
	logs      *hostapi.LogBook
	loop      *loop.Loop
	limit     *limit
	session   *hostapi.Session
	unhandled rejections
}

// run goes through the phases: build the world, run the script, find the
// function, call it, wait for what is pending, collect.
func (c *call) run(ctx context.Context, res *invocation.Result) error {
	way, err := c.convention(res)
	if err != nil {
		return err
	}
	if c.session, err = c.host.Install(ctx, c.vm, c.scope()); err != nil {
		return fmt.Errorf("install host functions: %w", err)
	}
	input, err := way.context()
	if err != nil {
		return &invocation.Error{Kind: invocation.KindInput, Message: err.Error()}
	}
	returned, err := c.perform(ctx, input, way)
	if err == nil {
		return c.protect(func() error { return way.finish(returned) })
	}
	failed := c.overdue(ctx, c.failure(err))
	// What the script asked for before it failed stays. Its time may be over,
	// and reading what it left may run some of it.
	c.vm.ClearInterrupt()
	c.limit.rest(collectTime)
	_ = c.protect(way.abandon)
	return failed
}

// collectTime is what reading a failed script's changes may take.
const collectTime = 50 * time.Millisecond

// perform runs the script and its function to their end.
func (c *call) perform(ctx context.Context, input goja.Value, way convention) (goja.Value, error) {
	timeout := c.req.EffectiveTimeout()
	c.limit.phase(min(maxScriptPhase, timeout))
	if _, err := c.vm.RunProgram(c.program.Compiled()); err != nil {
		return nil, err
	}
	function, err := c.lookup(c.req.Name)
	if err != nil {
		return nil, err
	}
	c.limit.phase(timeout)
	returned, err := function(goja.Undefined(), input, way.api())
	if err != nil {
		return nil, err
	}
	return c.settle(ctx, returned)
}

func (c *call) scope() hostapi.Scope {
	return hostapi.Scope{
		Logs:      c.logs,
		Mask:      c.mask,
		Secrets:   c.req.Secrets,
		AllowHTTP: c.req.AllowHTTP,
		Loop:      c.loop,
		Deadline:  c.limit.deadline,
		Encode:    c.encode,
		Decode:    c.doc.Decode,
	}
}

// encode prints a value of the script as JSON; see payload.Document.Encode for
// when it panics.
func (c *call) encode(v goja.Value) ([]byte, error) { return c.doc.Encode(v, c.cfg.MaxOutput) }

// lookup finds the function: a global, or a top-level const, let or class, or
// what an ES module exports.
func (c *call) lookup(name string) (goja.Callable, error) {
	var found goja.Value
	// A global may be an accessor that the script defined.
	err := c.protect(func() error {
		if found = c.vm.Get(name); !isFunction(found) && c.program.Translated() {
			if exported := c.exported(name); isFunction(exported) {
				found = exported
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if found == nil || goja.IsUndefined(found) {
		return nil, errNotFound
	}
	function, ok := goja.AssertFunction(found)
	if !ok {
		return nil, fmt.Errorf("%w: %s is not a function", errNotFound, name)
	}
	return function, nil
}

// exported returns what a module exports under the name, or by default.
func (c *call) exported(name string) goja.Value {
	module, ok := c.vm.Get("module").(*goja.Object)
	if !ok {
		return nil
	}
	exports, ok := module.Get("exports").(*goja.Object)
	if !ok {
		return nil
	}
	if v := exports.Get(name); isFunction(v) {
		return v
	}
	return exports.Get("default")
}

func isFunction(v goja.Value) bool {
	_, ok := goja.AssertFunction(v)
	return ok
}

// protect runs f, which may run script code, outside of a call: exceptions,
// interrupts and stack overflows become errors.
func (c *call) protect(f func() error) (err error) {
	defer func() {
		if x := recover(); x != nil {
			stopped, ok := x.(error)
			if !ok || !uncatchable(stopped) {
				panic(x)
			}
			err = stopped
		}
	}()
	if exception := c.vm.Try(func() { err = f() }); exception != nil {
		return exception
	}
	return err
}

// uncatchable reports whether goja ended the script for good.
func uncatchable(err error) bool {
	var interrupted *goja.InterruptedError
	var overflow *goja.StackOverflowError
	return errors.As(err, &interrupted) || errors.As(err, &overflow)
}
