package sandbox

import (
	"encoding/json"
	"strings"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/hostapi"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/payload"
)

// reservedClaims is the prefix of claims that scripts cannot set; trying is
// silently ignored (actions-v1 2.3).
const reservedClaims = "urn:zitadel:iam"

// What api offers. userinfo is the deprecated spelling of claims.
var (
	flowNames       = []string{"v1"}
	flowV1Names     = []string{"claims", "userinfo", "user"}
	flowClaimsNames = []string{"setClaim", "appendLogIntoClaims"}
	flowUserNames   = []string{"setMetadata", "appendMetadata"}
)

// flow is the convention of ZITADEL's actions. What the script asks for is
// collected as changes, and stays when the script fails later. The returned
// value is ignored.
//
// ctx is the input as it is: objects without the methods of the original's
// context. Those, and the api of the other triggers, are still to come; they
// belong here.
type flow struct {
	*call
	res    *invocation.Result
	claims map[string]struct{} // claims that exist; filled at the first setClaim
	bytes  int                 // of all changes so far
}

func (f *flow) api() goja.Value { return hostapi.Lazy(f.vm, flowNames, f.member) }

func (f *flow) member(name string) goja.Value {
	switch name {
	case "v1":
		return hostapi.Lazy(f.vm, flowV1Names, f.member)
	case "claims", "userinfo":
		return hostapi.Lazy(f.vm, flowClaimsNames, f.member)
	case "user":
		return hostapi.Lazy(f.vm, flowUserNames, f.member)
	case "setClaim":
		return hostapi.Native(f.vm, name, f.setClaim)
	case "appendLogIntoClaims":
		return hostapi.Native(f.vm, name, f.appendLogIntoClaims)
	case "setMetadata":
		return hostapi.Native(f.vm, name, f.metadata(invocation.OpSetMetadata))
	case "appendMetadata":
		return hostapi.Native(f.vm, name, f.metadata(invocation.OpAppendMetadata))
	}
	return nil
}

func (*flow) finish(goja.Value) error { return nil }

// setClaim(key, value) adds a claim. One that exists is left alone, which the
// action's log claim then says.
func (f *flow) setClaim(call goja.FunctionCall) goja.Value {
	key := call.Argument(0).String()
	switch {
	case strings.HasPrefix(key, reservedClaims):
	case f.hasClaim(key):
		f.logClaim(`key "` + key + `" already exists`)
	default:
		f.add(invocation.OpSetClaim, key, call.Argument(1))
		f.claims[key] = struct{}{}
	}
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
	f.logClaim(call.Argument(0).String())
	return goja.Undefined()
}

func (f *flow) logClaim(line string) {
	f.add(invocation.OpAppendClaimLog, invocation.ClaimLogKey(f.req.Name), f.vm.ToValue(line))
}

// metadata returns setMetadata(key, value) or appendMetadata(key, value).
func (f *flow) metadata(op invocation.Op) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		if len(call.Arguments) != 2 {
			hostapi.Throw(f.vm, "exactly 2 (key, value) arguments expected")
		}
		f.add(op, call.Argument(0).String(), call.Argument(1))
		return goja.Undefined()
	}
}

// add collects a change. A value without JSON is stored as null.
func (f *flow) add(op invocation.Op, key string, value goja.Value) {
	raw, err := f.encode(value)
	if err != nil {
		hostapi.Throw(f.vm, err.Error())
	}
	if raw == nil {
		raw = json.RawMessage("null")
	}
	f.bytes += len(key) + len(raw)
	if len(f.res.Changes) >= f.cfg.MaxChanges || f.bytes > f.cfg.MaxOutput {
		hostapi.Throw(f.vm, "too many changes")
	}
	f.res.Changes = append(f.res.Changes, invocation.Change{Op: op, Key: key, Value: raw})
}
