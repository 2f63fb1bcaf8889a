package sandbox

import (
	"encoding/json"
	"fmt"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/hostapi"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/payload"
)

// flow is the convention of ZITADEL's actions. What the script asks for is
// collected as changes, and stays when the script fails later. The returned
// value is ignored.
type flow struct {
	*call
	res      *invocation.Result
	offer    *offer
	changes  invocation.Changes
	bytes    int                 // of all changes of this call
	claims   map[string]struct{} // claims that the token has; filled at the first setClaim
	metadata *goja.Object        // api.metadata, once it was read
	grants   *goja.Object        // api.userGrants, once it was read
}

func newFlow(c *call, res *invocation.Result) (*flow, error) {
	o, ok := offers[c.req.Trigger]
	if !ok {
		return nil, &invocation.Error{Kind: invocation.KindInput, Message: fmt.Sprintf("there is no trigger %v", c.req.Trigger)}
	}
	changes, err := invocation.ParseChanges(c.req.Changes)
	if err != nil {
		return nil, &invocation.Error{Kind: invocation.KindInput, Message: "changes: " + err.Error()}
	}
	res.Changes = c.req.Changes
	return &flow{call: c, res: res, offer: o, changes: changes}, nil
}

func (f *flow) api() goja.Value { return f.menu(f.offer.api, "") }

// menu returns an object with the members of a menu; path is where it is.
func (f *flow) menu(m menu, path string) goja.Value {
	return hostapi.Lazy(f.vm, m.names, func(name string) goja.Value {
		if inner, ok := m.inner[name]; ok {
			return f.menu(inner, path+name+".")
		}
		return f.member(name)
	})
}

// member makes one of what api has. Names mean the same wherever they are.
func (f *flow) member(name string) goja.Value {
	if s, ok := setters[name]; ok {
		return hostapi.Native(f.vm, name, f.setter(s))
	}
	switch name {
	case "metadata":
		return f.metadataArray()
	case "userGrants":
		return f.grantsArray()
	}
	return hostapi.Native(f.vm, name, map[string]func(goja.FunctionCall) goja.Value{
		"deny":                func(call goja.FunctionCall) goja.Value { return f.veto(f.res, call) },
		"setClaim":            f.setClaim,
		"appendLogIntoClaims": f.appendLogIntoClaims,
		"setMetadata":         f.setMetadata,
		"appendMetadata":      f.appendMetadata,
		"appendUserGrant":     f.appendUserGrant,
		"setCustomAttribute":  f.setCustomAttribute,
	}[name])
}

func (f *flow) finish(goja.Value) error { return f.collect() }

func (f *flow) abandon() error { return f.collect() }

// collect reads the arrays that the script may have pushed to and prints the
// changes. What can be printed is, whatever is wrong with the arrays.
func (f *flow) collect() error {
	err := f.readArrays()
	raw, encodeErr := f.changes.Encode()
	if encodeErr != nil {
		return fmt.Errorf("print changes: %w", encodeErr)
	}
	f.res.Changes = raw
	return err
}

// add counts a change and returns its value's JSON. A value without JSON is
// null.
func (f *flow) add(key string, value goja.Value) json.RawMessage {
	raw, err := f.encode(value)
	if err != nil {
		hostapi.Throw(f.vm, err.Error())
	}
	if raw == nil {
		raw = json.RawMessage("null")
	}
	f.count(len(key) + len(raw))
	return raw
}

// count refuses a change of that many bytes when there are too many.
func (f *flow) count(bytes int) {
	f.bytes += bytes
	if f.changes.Count() >= f.cfg.MaxChanges || f.bytes > f.cfg.MaxOutput {
		hostapi.Throw(f.vm, "too many changes")
	}
}

// setClaim(key, value) adds a claim.
func (f *flow) setClaim(call goja.FunctionCall) goja.Value {
	key := call.Argument(0).String()
	value := f.add(key, call.Argument(1))
	f.changes.SetClaim(f.req.Name, key, value, f.hasClaim)
	return goja.Undefined()
}

// hasClaim asks the input, not ctx, which the script may have changed.
func (f *flow) hasClaim(key string) bool {
	if f.claims == nil {
		f.claims = make(map[string]struct{})
		for _, key := range payload.Keys(f.req.Input, "v1", "claims") {
			f.claims[key] = struct{}{}
		}
	}
	_, ok := f.claims[key]
	return ok
}

func (f *flow) appendLogIntoClaims(call goja.FunctionCall) goja.Value {
	line := call.Argument(0).String()
	f.count(len(line))
	f.changes.LogClaim(f.req.Name, line)
	return goja.Undefined()
}

// setCustomAttribute(name, nameFormat, ...values) adds an attribute.
func (f *flow) setCustomAttribute(call goja.FunctionCall) goja.Value {
	a := invocation.Attribute{Name: text(call.Argument(0)), NameFormat: text(call.Argument(1)), Values: []string{}}
	size := len(a.Name) + len(a.NameFormat)
	for i := 2; i < len(call.Arguments); i++ {
		value := text(call.Arguments[i])
		size += len(value)
		a.Values = append(a.Values, value)
	}
	f.count(size)
	f.changes.SetAttribute(a)
	return goja.Undefined()
}

// text converts as the original platform does: what is nothing is empty.
func text(v goja.Value) string {
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return ""
	}
	return v.String()
}
