package hostapi

import "github.com/dop251/goja"

// global is where a global comes from.
type global struct {
	part string // of the prelude that defines it
	make func(*session) goja.Value
}

func native(name string, f func(*session) func(goja.FunctionCall) goja.Value) global {
	return global{make: func(s *session) goja.Value { return Native(s.vm, name, f(s)) }}
}

// newGlobals returns all there are besides the language's own.
func newGlobals() map[string]global {
	all := map[string]global{
		"require": native("require", func(s *session) func(goja.FunctionCall) goja.Value { return s.require }),
		"console": {make: func(s *session) goja.Value { return s.console() }},
		"setTimeout": native("setTimeout", func(s *session) func(goja.FunctionCall) goja.Value {
			return s.setTimer(false)
		}),
		"setInterval": native("setInterval", func(s *session) func(goja.FunctionCall) goja.Value {
			return s.setTimer(true)
		}),
		"clearTimeout":   native("clearTimeout", func(s *session) func(goja.FunctionCall) goja.Value { return s.clearTimer }),
		"clearInterval":  native("clearInterval", func(s *session) func(goja.FunctionCall) goja.Value { return s.clearTimer }),
		"queueMicrotask": native("queueMicrotask", func(s *session) func(goja.FunctionCall) goja.Value { return s.queueMicrotask }),
		"atob":           native("atob", func(s *session) func(goja.FunctionCall) goja.Value { return s.atob }),
		"btoa":           native("btoa", func(s *session) func(goja.FunctionCall) goja.Value { return s.btoa }),
	}
	for part, names := range map[string][]string{
		"abort":  {"DOMException", "Event", "EventTarget", "AbortController", "AbortSignal"},
		"crypto": {"crypto", "CryptoKey"},
		"fetch":  {"fetch", "Headers", "Request", "Response", "FormData"},
		"text":   {"TextEncoder", "TextDecoder", "structuredClone"},
		"url":    {"URL", "URLSearchParams"},
	} {
		for _, name := range names {
			all[name] = global{part: part}
		}
	}
	return all
}

// globals is the object behind the global one, its prototype: what the script
// does not define itself is looked up here, and made when it is first used.
// Defining some forty globals in each VM would cost more than most scripts. It
// implements goja.DynamicObject.
type globals struct {
	*session
	made map[string]goja.Value
}

// Get returns a global, made on first use; nil where there is none.
func (g *globals) Get(name string) goja.Value {
	if v, ok := g.made[name]; ok {
		return v
	}
	global, ok := g.globals[name]
	if !ok {
		return nil
	}
	var v goja.Value
	if global.make != nil {
		v = global.make(g.session)
	} else {
		v = g.load(global.part).Get(name)
	}
	g.keep(name, v)
	return v
}

func (g *globals) keep(name string, v goja.Value) {
	if g.made == nil {
		g.made = make(map[string]goja.Value, 2)
	}
	g.made[name] = v
}

// Set replaces a global of ours; the script's own are on the global object.
func (g *globals) Set(name string, v goja.Value) bool {
	g.keep(name, v)
	return true
}

// Has reports whether there is such a global.
func (g *globals) Has(name string) bool {
	if v, ok := g.made[name]; ok {
		return v != nil
	}
	_, ok := g.globals[name]
	return ok
}

// Delete removes a global.
func (g *globals) Delete(name string) bool {
	if g.Has(name) {
		g.keep(name, nil)
	}
	return true
}

// Keys is empty: like the language's own, they are not listed.
func (*globals) Keys() []string { return nil }
