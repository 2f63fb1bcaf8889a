package sandbox

import (
	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/hostapi"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

var targetNames = []string{"setPayload", "deny"}

// target is the convention of an action that stands in for an HTTP target. ctx
// is the envelope; api has
//
//	setPayload(object)    replaces the payload
//	deny(reason, code?)   vetoes; the first one counts, and the script goes on
//
// A returned object replaces the payload as well, and before setPayload; every
// other returned value is ignored, so that arrow functions may return whatever
// their last expression happens to be. A payload is always an object, as the
// messages that it stands for are.
type target struct {
	*call
	res *invocation.Result
}

func (t *target) context() (goja.Value, error) { return t.doc.Decode(t.req.Input) }

func (t *target) api() goja.Value { return hostapi.Lazy(t.vm, targetNames, t.member) }

func (t *target) member(name string) goja.Value {
	switch name {
	case "setPayload":
		return hostapi.Native(t.vm, name, t.setPayload)
	case "deny":
		return hostapi.Native(t.vm, name, t.deny)
	}
	return nil
}

func (t *target) setPayload(call goja.FunctionCall) goja.Value {
	o, ok := call.Argument(0).(*goja.Object)
	if !ok {
		hostapi.Throw(t.vm, "setPayload takes an object")
	}
	if err := t.replace(o); err != nil {
		hostapi.Throw(t.vm, err.Error())
	}
	return goja.Undefined()
}

// replace prints o now: what the script does to it later does not count.
func (t *target) replace(o *goja.Object) error {
	raw, err := t.encode(o)
	if err != nil {
		return err
	}
	if len(raw) == 0 || raw[0] != '{' {
		return &invocation.Error{Kind: invocation.KindOutput, Message: "the payload must be an object"}
	}
	t.res.Output = raw
	return nil
}

func (t *target) deny(call goja.FunctionCall) goja.Value { return t.veto(t.res, call) }

func (*target) abandon() error { return nil }

func (t *target) finish(returned goja.Value) error {
	if t.res.Veto != nil {
		t.res.Output = nil
		return nil
	}
	if o, ok := returned.(*goja.Object); ok {
		return t.replace(o)
	}
	return nil
}
