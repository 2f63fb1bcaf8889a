package hostapi

import (
	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/weburl"
)

// parseURL(text, base?) returns the parts of a URL, or null.
func (s *session) parseURL(call goja.FunctionCall) goja.Value {
	var base *weburl.Parts
	if v := call.Argument(1); !goja.IsUndefined(v) {
		b, ok := weburl.Parse(v.String(), nil)
		if !ok {
			return goja.Null()
		}
		base = &b
	}
	p, ok := weburl.Parse(call.Argument(0).String(), base)
	if !ok {
		return goja.Null()
	}
	hostname := goja.Null()
	if p.HasHost {
		hostname = s.vm.ToValue(p.Hostname)
	}
	return s.record(map[string]any{
		"protocol": p.Protocol, "username": p.Username, "password": p.Password, "hostname": hostname,
		"port": p.Port, "pathname": p.Pathname, "opaque": p.Opaque, "search": p.Search, "hash": p.Hash,
		"origin": p.Special() && p.Protocol != "file:",
	})
}

// record returns a plain object with plain members: a Go map would be alive.
func (s *session) record(members map[string]any) *goja.Object {
	o := s.vm.NewObject()
	for name, v := range members {
		_ = o.Set(name, v) // new and plain, cannot fail
	}
	return o
}

// parseForm(text) returns pairs.
func (s *session) parseForm(call goja.FunctionCall) goja.Value {
	pairs := weburl.ParseForm(call.Argument(0).String())
	list := make([]any, len(pairs))
	for i, p := range pairs {
		list[i] = s.vm.NewArray(p.Name, p.Value)
	}
	return s.vm.NewArray(list...)
}

// formText(pairs) is the way back.
func (s *session) formText(call goja.FunctionCall) goja.Value {
	var pairs []weburl.Pair
	s.vm.ForOf(call.Argument(0), func(v goja.Value) bool {
		pair := v.ToObject(s.vm)
		pairs = append(pairs, weburl.Pair{Name: pair.Get("0").String(), Value: pair.Get("1").String()})
		return true
	})
	return s.vm.ToValue(weburl.FormText(pairs))
}
