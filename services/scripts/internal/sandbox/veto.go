package sandbox

import (
	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// veto is api.deny(reason, code?). The first one counts, and the script goes
// on.
func (c *call) veto(res *invocation.Result, call goja.FunctionCall) goja.Value {
	if res.Veto != nil {
		return goja.Undefined()
	}
	veto := &invocation.Veto{Reason: "denied"}
	if reason := call.Argument(0); !goja.IsUndefined(reason) && !goja.IsNull(reason) {
		veto.Reason = c.cut(reason.String())
	}
	if code := call.Argument(1).ToInteger(); code >= 0 && code < 600 {
		veto.Code = int(code)
	}
	res.Veto = veto
	return goja.Undefined()
}
