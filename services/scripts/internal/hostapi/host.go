// Package hostapi is what a script can reach besides the language: require and
// its modules, and the globals that browsers have (console, timers, fetch, URL,
// crypto, ...). There is nothing else: no file, no process, no Go value.
//
// Modules of the original platform: zitadel/log, zitadel/http, zitadel/uuid. Of
// our own: actionplane/crypto, actionplane/jwt, actionplane/secrets.
//
// What is rarely used is JavaScript of ours (folder prelude), compiled once for
// all VMs and run in one when it is first asked for. What needs speed, the
// network or the standard library is Go.
//
// Whatever goes wrong here is an exception the script can catch. On the
// original platform it was not, see actions-v1 section 0.5.
package hostapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/loop"
)

// Config bounds what one invocation may do. Zero fields take their default.
type Config struct {
	Logs LogConfig
	HTTP HTTPConfig
}

// Deps is what a host is handed.
type Deps struct {
	// Transport makes the outgoing calls; see NewTransport.
	Transport http.RoundTripper
}

// Host offers its modules to any number of VMs.
type Host struct {
	cfg      Config
	client   *http.Client
	preludes preludes
	globals  map[string]global
}

// New returns a host.
func New(cfg Config, deps Deps) (*Host, error) {
	if deps.Transport == nil {
		return nil, errors.New("hostapi: no transport")
	}
	preludes, err := compilePreludes()
	if err != nil {
		return nil, err
	}
	cfg.HTTP = cfg.HTTP.withDefaults()
	cfg.Logs = cfg.Logs.withDefaults()
	return &Host{cfg: cfg, client: &http.Client{Transport: deps.Transport}, preludes: preludes, globals: newGlobals()}, nil
}

// NewLogBook returns an empty book for one invocation.
func (h *Host) NewLogBook(mask Mask) *LogBook { return &LogBook{cfg: h.cfg.Logs, mask: mask} }

// Scope is what the modules need to know of the invocation they serve.
type Scope struct {
	Logs      *LogBook
	Mask      Mask
	Secrets   invocation.Secrets
	AllowHTTP bool
	// Loop takes timers and calls.
	Loop *loop.Loop
	// Deadline returns when the current phase ends; outgoing calls end then.
	Deadline func() time.Time
	// Decode turns JSON into a value of the script.
	Decode func([]byte) (goja.Value, error)
	// Encode prints a value as JSON. It may panic with a JavaScript exception.
	Encode func(goja.Value) ([]byte, error)
}

// Session is a host at work for one invocation.
type Session struct{ session }

type session struct {
	*Host
	Scope
	ctx     context.Context //nolint:containedctx // of the one invocation that the session is for: JavaScript passes none on
	vm      *goja.Runtime
	modules map[string]*goja.Object // those required so far
	loaded  map[string]*goja.Object // parts of the prelude run so far
	native  *goja.Object            // what the prelude is given
	keys    []key                   // of crypto.subtle, by their id
	calls   int                     // outgoing calls so far
	made    []invocation.Call       // those that are recorded
}

// Install offers everything to vm. Outgoing calls end with ctx.
func (h *Host) Install(ctx context.Context, vm *goja.Runtime, scope Scope) (*Session, error) {
	s := &Session{session{Host: h, Scope: scope, ctx: ctx, vm: vm}}
	behind := vm.NewDynamicObject(&globals{session: &s.session})
	if err := vm.GlobalObject().SetPrototype(behind); err != nil {
		return nil, fmt.Errorf("install globals: %w", err)
	}
	return s, nil
}

// Calls returns the outgoing calls, when the run has ended.
func (s *Session) Calls() []invocation.Call {
	for i := range s.made {
		if c := &s.made[i]; c.Status == 0 && c.Error == "" {
			c.Error, c.Duration = "the run ended before the answer came", time.Since(c.Start)
		}
	}
	return s.made
}

// Date returns a date of ctx: a Date that prints as the original platform's
// (actions-v1 3.5). It runs in the VM.
func (s *Session) Date(t time.Time, text string) goja.Value {
	create, ok := goja.AssertFunction(s.load("date").Get("make"))
	if !ok {
		return s.vm.ToValue(text)
	}
	utc := t.UTC()
	v, err := create(goja.Undefined(), s.vm.ToValue(utc.UnixMilli()), s.vm.ToValue(utc.Nanosecond()%1e6), s.vm.ToValue(utc.String()), s.vm.ToValue(text))
	if err != nil {
		panic(err)
	}
	return v
}

// throw ends the host function with an exception.
func (s *session) throw(message string) { Throw(s.vm, message) }

// Throw ends a host function with an exception of the kind the original
// platform has for its own errors (GoError). No Go error goes with it: goja
// would hand it to the script as a live object.
func Throw(vm *goja.Runtime, message string) {
	e := vm.NewGoError(errors.New(message))
	_ = e.Delete("value")
	panic(e)
}

// Native returns a host function under its own name: by itself goja would tell
// scripts, in stack traces too, which Go function it is.
func Native(vm *goja.Runtime, name string, f func(goja.FunctionCall) goja.Value) *goja.Object {
	function := vm.ToValue(f).ToObject(vm)
	// Names of functions are configurable, so it cannot fail.
	_ = function.DefineDataProperty("name", vm.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return function
}
