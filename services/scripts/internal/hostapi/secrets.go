package hostapi

import "github.com/dop251/goja"

var secretNames = []string{"get", "has"}

// secretsModule is actionplane/secrets: get(name) returns a value, or null
// where there is none; has(name) asks. There is no list of them.
func (s *session) secretsModule() *goja.Object {
	return Lazy(s.vm, secretNames, func(name string) goja.Value {
		return Native(s.vm, name, func(call goja.FunctionCall) goja.Value {
			value, ok := s.Secrets[call.Argument(0).String()]
			switch {
			case name == "has":
				return s.vm.ToValue(ok)
			case !ok:
				return goja.Null()
			}
			return s.vm.ToValue(value)
		})
	})
}
