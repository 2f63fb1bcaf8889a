package hostapi

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/dop251/goja"
)

// HTTPConfig bounds the outgoing calls of one invocation. Zero fields take
// their default.
type HTTPConfig struct {
	MaxCalls int   // default 16
	MaxBody  int64 // bytes of a response body; default 1 MiB
}

func (c HTTPConfig) withDefaults() HTTPConfig {
	c.MaxCalls = cmp.Or(c.MaxCalls, 16)
	c.MaxBody = cmp.Or(c.MaxBody, 1<<20)
	return c
}

var (
	httpNames     = []string{"fetch"}
	responseNames = []string{"status", "statusCode", "body", "headers", "json", "text"}
)

// httpModule is zitadel/http.
func (s *session) httpModule() *goja.Object {
	return Lazy(s.vm, httpNames, func(name string) goja.Value { return Native(s.vm, name, s.fetch) })
}

// fetch(url, options?) makes one call, waits for it and returns the response.
// It is the original platform's function, not the browser's (actions-v1 3.4).
func (s *session) fetch(call goja.FunctionCall) goja.Value {
	if n := len(call.Arguments); n < 1 || n > 2 {
		s.throw("fetch takes a url and options")
	}
	url, ok := call.Argument(0).(goja.String)
	if !ok {
		s.throw("url must be a string")
	}
	o := s.fetchOptions(call.Argument(1))
	o.url = url.String()
	finished, err := s.begin(o)
	if err != nil {
		s.throw(err.Error())
	}
	ctx, cancel := context.WithDeadline(s.ctx, s.Deadline())
	defer cancel()
	a, err := s.exchange(ctx, o)
	finished(a, err)
	if err != nil {
		s.throw(err.Error())
	}
	r := &response{session: s, answer: a}
	return Lazy(s.vm, responseNames, r.member)
}

// fetchOptions reads method, headers and body and refuses every other key, as
// the original does.
func (s *session) fetchOptions(v goja.Value) outgoing {
	o := outgoing{
		method: http.MethodGet,
		header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}},
	}
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return o
	}
	options := v.ToObject(s.vm)
	for _, key := range options.Keys() {
		value := options.Get(key)
		switch key {
		case "method":
			o.method = value.String()
		case "headers":
			o.header = s.fetchHeaders(value)
		case "body":
			o.body, o.size = s.fetchBody(value)
		default:
			s.throw("key is invalid: " + key)
		}
	}
	return o
}

// fetchHeaders reads an object of strings and arrays. It replaces the default
// headers, and a string with commas is several values, as in the original.
func (s *session) fetchHeaders(v goja.Value) http.Header {
	headers := make(http.Header)
	object := v.ToObject(s.vm)
	for _, name := range object.Keys() {
		value := object.Get(name)
		if list, ok := value.(*goja.Object); ok && list.ClassName() == "Array" {
			s.vm.ForOf(list, func(item goja.Value) bool {
				headers.Add(name, item.String())
				return true
			})
			continue
		}
		for part := range strings.SplitSeq(value.String(), ",") {
			headers.Add(name, strings.TrimSpace(part))
		}
	}
	return headers
}

// fetchBody is always JSON, even of a string.
func (s *session) fetchBody(v goja.Value) (io.Reader, int) {
	raw, err := s.Encode(v)
	if err != nil {
		s.throw(err.Error())
	}
	if raw == nil {
		return nil, 0
	}
	return bytes.NewReader(raw), len(raw)
}
