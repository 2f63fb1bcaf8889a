package hostapi

import (
	"context"

	"github.com/dop251/goja"
)

// require returns a module by its exact name. Everything else, paths above
// all, does not exist. Asking twice returns the same object.
func (s *session) require(ctx context.Context, call goja.FunctionCall) goja.Value {
	name, ok := call.Argument(0).(goja.String)
	if !ok {
		s.throw("Invalid module")
	}
	key := name.String()
	if m, ok := s.modules[key]; ok {
		return m
	}
	m := s.build(ctx, key)
	if m == nil {
		s.throw("Invalid module")
	}
	if s.modules == nil {
		s.modules = make(map[string]*goja.Object, 2)
	}
	s.modules[key] = m
	return m
}

// build makes a module, or returns nil where there is none of that name.
func (s *session) build(ctx context.Context, name string) *goja.Object {
	switch name {
	case "zitadel/log":
		return s.logModule()
	case "zitadel/http":
		return s.httpModule(ctx)
	case "zitadel/uuid":
		return s.uuidModule()
	}
	return nil
}
