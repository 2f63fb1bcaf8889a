package hostapi

import "github.com/dop251/goja"

// require returns a module by its exact name. Everything else, paths above
// all, does not exist. Asking twice returns the same object.
func (s *session) require(call goja.FunctionCall) goja.Value {
	name, ok := call.Argument(0).(goja.String)
	if !ok {
		s.throw("Invalid module")
	}
	key := name.String()
	if m, ok := s.modules[key]; ok {
		return m
	}
	m := s.build(key)
	if m == nil {
		s.throw("Invalid module")
	}
	if s.modules == nil {
		s.modules = make(map[string]*goja.Object, 2)
	}
	s.modules[key] = m
	return m
}

// Modules returns the names that require knows.
func Modules() []string {
	return []string{"zitadel/log", "zitadel/http", "zitadel/uuid", "actionplane/crypto", "actionplane/jwt", "actionplane/secrets"}
}

// build makes a module, or returns nil where there is none of that name.
func (s *session) build(name string) *goja.Object {
	switch name {
	case "zitadel/log":
		return s.logModule()
	case "zitadel/http":
		return s.httpModule()
	case "zitadel/uuid":
		return s.uuidModule()
	case "actionplane/crypto":
		return s.cryptoModule()
	case "actionplane/jwt":
		return s.jwtModule()
	case "actionplane/secrets":
		return s.secretsModule()
	}
	return nil
}
