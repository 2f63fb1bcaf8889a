package hostapi

import (
	"embed"
	"fmt"
	"strings"

	"github.com/dop251/goja"
)

// preludePrefix begins the file name of our own JavaScript in stack traces.
const preludePrefix = "actionplane:"

//go:embed prelude/*.js
var preludeFiles embed.FS

// preludes are the parts of our own JavaScript, compiled. Each is a function
// that is given the host's functions and returns what it defines.
type preludes map[string]*goja.Program

func compilePreludes() (preludes, error) {
	entries, err := preludeFiles.ReadDir("prelude")
	if err != nil {
		return nil, err
	}
	all := make(preludes, len(entries))
	for _, entry := range entries {
		source, err := preludeFiles.ReadFile("prelude/" + entry.Name())
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(entry.Name(), ".js")
		if all[name], err = goja.Compile(preludePrefix+name, string(source), true); err != nil {
			return nil, fmt.Errorf("compile prelude: %w", err)
		}
	}
	return all, nil
}

// IsOwn reports whether a stack frame's source is our own JavaScript, which
// scripts take for native code.
func IsOwn(source string) bool { return strings.HasPrefix(source, preludePrefix) }

// load returns what a part of the prelude defines, which it does when it is
// first asked for. It runs in the VM.
func (s *session) load(name string) *goja.Object {
	if o, ok := s.loaded[name]; ok {
		return o
	}
	p, ok := s.preludes[name]
	if !ok {
		s.throw("no such part: " + name)
	}
	defined, err := s.vm.RunProgram(p)
	if err == nil {
		define, _ := goja.AssertFunction(defined)
		defined, err = define(goja.Undefined(), s.natives())
	}
	if err != nil {
		panic(err) // goja's own: an interrupt, or the script tampered with what the prelude needs
	}
	o := defined.ToObject(s.vm)
	if s.loaded == nil {
		s.loaded = make(map[string]*goja.Object, 2)
	}
	s.loaded[name] = o
	return o
}

// nativeNames are the host functions that the prelude is given.
var nativeNames = []string{
	"load", "looseTimer", "parseURL", "parseForm", "formText", "utf8", "decode", "encoding", "copy",
	"send", "uuid", "random", "hashName", "digest", "importKey", "sign", "verify",
}

func (s *session) natives() *goja.Object {
	if s.native == nil {
		s.native = Lazy(s.vm, nativeNames, func(name string) goja.Value { return Native(s.vm, name, s.nativeFunction(name)) })
	}
	return s.native
}

func (s *session) nativeFunction(name string) func(goja.FunctionCall) goja.Value {
	switch name {
	case "load":
		return func(call goja.FunctionCall) goja.Value { return s.load(call.Argument(0).String()) }
	case "looseTimer":
		return s.looseTimer
	case "parseURL":
		return s.parseURL
	case "parseForm":
		return s.parseForm
	case "formText":
		return s.formText
	case "utf8":
		return s.utf8
	case "decode":
		return s.decode
	case "encoding":
		return s.encoding
	case "copy":
		return func(call goja.FunctionCall) goja.Value { return s.buffer(s.needBytes(call.Argument(0))) }
	case "send":
		return s.send
	case "uuid":
		return s.randomUUID
	case "random":
		return s.random
	}
	return s.cryptoFunction(name)
}
