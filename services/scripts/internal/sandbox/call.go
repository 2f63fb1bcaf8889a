package sandbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/hostapi"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/payload"
	"github.com/actionplane/actionplane/services/scripts/internal/program"
)

// errNotFound is a script without the function, in the original's words.
var errNotFound = errors.New("function not found")

// call is one invocation under way.
type call struct {
	*Sandbox
	vm    *goja.Runtime
	req   *invocation.Request
	doc   *payload.Document
	logs  *hostapi.LogBook
	limit *limit
}

// run goes through the phases: build the world, run the script, find the
// function, call it, collect.
func (c *call) run(ctx context.Context, p *program.Program, res *invocation.Result) error {
	input, err := c.doc.Decode(c.req.Input)
	if err != nil {
		return &invocation.Error{Kind: invocation.KindInput, Message: err.Error()}
	}
	way, err := c.convention(res)
	if err != nil {
		return err
	}
	if err := c.host.Install(ctx, c.vm, c.scope()); err != nil {
		return fmt.Errorf("install host functions: %w", err)
	}
	timeout := c.req.EffectiveTimeout()
	c.limit.phase(min(maxScriptPhase, timeout))
	if _, err := c.vm.RunProgram(p.Compiled()); err != nil {
		return err
	}
	function, err := c.lookup(c.req.Name)
	if err != nil {
		return err
	}
	c.limit.phase(timeout)
	returned, err := function(goja.Undefined(), input, way.api())
	if err != nil {
		return err
	}
	if returned, err = settle(returned); err != nil {
		return err
	}
	return c.protect(func() error { return way.finish(returned) })
}

func (c *call) scope() hostapi.Scope {
	return hostapi.Scope{
		Logs:      c.logs,
		AllowHTTP: c.req.AllowHTTP,
		Deadline:  c.limit.deadline,
		Encode:    c.encode,
		Decode:    c.doc.Decode,
	}
}

// encode prints a value of the script as JSON; see payload.Document.Encode for
// when it panics.
func (c *call) encode(v goja.Value) ([]byte, error) { return c.doc.Encode(v, c.cfg.MaxOutput) }

// lookup finds the function: a global, or a top-level const, let or class.
func (c *call) lookup(name string) (goja.Callable, error) {
	var found goja.Value
	// A global may be an accessor that the script defined.
	err := c.protect(func() error {
		found = c.vm.Get(name)
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
