package sandbox

import (
	"fmt"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// convention is how an action's function is spoken to.
type convention interface {
	// api returns the function's second argument.
	api() goja.Value
	// finish takes what the function returned, settled. It may run script code.
	finish(returned goja.Value) error
}

// convention returns the one the request asks for, which collects in res.
func (c *call) convention(res *invocation.Result) (convention, error) {
	switch c.req.Style {
	case invocation.StyleFlow:
		return &flow{call: c, res: res}, nil
	case invocation.StyleTarget:
		return &target{call: c, res: res}, nil
	}
	return nil, &invocation.Error{Kind: invocation.KindInput, Message: fmt.Sprintf("unknown calling style %d", c.req.Style)}
}
