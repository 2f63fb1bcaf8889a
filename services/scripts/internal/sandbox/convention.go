package sandbox

import (
	"fmt"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// convention is how an action's function is spoken to.
type convention interface {
	// context returns the function's first argument. The error is for an input
	// that is none.
	context() (goja.Value, error)
	// api returns the function's second argument.
	api() goja.Value
	// finish takes what the function returned, settled. It may run script code.
	finish(returned goja.Value) error
	// abandon keeps what is to be kept of a run that failed. It may run script
	// code.
	abandon() error
}

// convention returns the one the request asks for, which collects in res.
func (c *call) convention(res *invocation.Result) (convention, error) {
	switch c.req.Style {
	case invocation.StyleFlow:
		return newFlow(c, res)
	case invocation.StyleTarget:
		return &target{call: c, res: res}, nil
	}
	return nil, &invocation.Error{Kind: invocation.KindInput, Message: fmt.Sprintf("unknown calling style %d", c.req.Style)}
}
