// Package hostapi is what a script can reach besides the language: require and
// its modules zitadel/log, zitadel/http and zitadel/uuid, and console. There is
// nothing else: no file, no process, no Go value.
//
// Whatever goes wrong here is an exception the script can catch. On the
// original platform it was not, see actions-v1 section 0.5.
package hostapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/dop251/goja"
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
	cfg    Config
	client *http.Client
}

// New returns a host.
func New(cfg Config, deps Deps) (*Host, error) {
	if deps.Transport == nil {
		return nil, errors.New("hostapi: no transport")
	}
	cfg.HTTP = cfg.HTTP.withDefaults()
	cfg.Logs = cfg.Logs.withDefaults()
	return &Host{cfg: cfg, client: &http.Client{Transport: deps.Transport}}, nil
}

// NewLogBook returns an empty book for one invocation.
func (h *Host) NewLogBook() *LogBook { return &LogBook{cfg: h.cfg.Logs} }

// Scope is what the modules need to know of the invocation they serve.
type Scope struct {
	Logs      *LogBook
	AllowHTTP bool
	// Deadline returns when the current phase ends; outgoing calls end then.
	Deadline func() time.Time
	// Decode turns JSON into a value of the script.
	Decode func([]byte) (goja.Value, error)
	// Encode prints a value as JSON. It may panic with a JavaScript exception.
	Encode func(goja.Value) ([]byte, error)
}

// session is a host at work for one invocation.
type session struct {
	*Host
	Scope
	vm      *goja.Runtime
	modules map[string]*goja.Object // those required so far
	calls   int                     // outgoing calls so far
}

// Install defines require and console in vm. Outgoing calls end with ctx.
func (h *Host) Install(ctx context.Context, vm *goja.Runtime, scope Scope) error {
	s := &session{Host: h, Scope: scope, vm: vm}
	require := Native(vm, "require", func(call goja.FunctionCall) goja.Value { return s.require(ctx, call) })
	if err := vm.Set("require", require); err != nil {
		return err
	}
	return vm.Set("console", s.logModule())
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
