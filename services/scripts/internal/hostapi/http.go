package hostapi

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
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
	responseNames = []string{"status", "body", "headers", "json", "text"}
)

// httpModule is zitadel/http.
func (s *session) httpModule(ctx context.Context) *goja.Object {
	return Lazy(s.vm, httpNames, func(name string) goja.Value {
		return Native(s.vm, name, func(call goja.FunctionCall) goja.Value { return s.fetch(ctx, call) })
	})
}

// fetch(url, options?) makes one call, waits for it and returns the response.
// It is the original platform's function, not the browser's (actions-v1 3.4).
func (s *session) fetch(ctx context.Context, call goja.FunctionCall) goja.Value {
	if n := len(call.Arguments); n < 1 || n > 2 {
		s.throw("fetch takes a url and options")
	}
	if !s.AllowHTTP {
		s.throw("outgoing calls are not allowed here")
	}
	if s.calls++; s.calls > s.cfg.HTTP.MaxCalls {
		s.throw(fmt.Sprintf("more than %d outgoing calls", s.cfg.HTTP.MaxCalls))
	}
	ctx, cancel := context.WithDeadline(ctx, s.Deadline())
	defer cancel()
	req := s.request(ctx, call)
	resp, err := s.client.Do(req)
	if err != nil {
		s.throw(err.Error())
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := s.readBody(resp.Body)
	if err != nil {
		s.throw(err.Error())
	}
	r := &response{session: s, status: resp.StatusCode, header: resp.Header, body: body}
	return Lazy(s.vm, responseNames, r.member)
}

func (s *session) request(ctx context.Context, call goja.FunctionCall) *http.Request {
	url, ok := call.Argument(0).(goja.String)
	if !ok {
		s.throw("url must be a string")
	}
	o := s.fetchOptions(call.Argument(1))
	req, err := http.NewRequestWithContext(ctx, o.method, url.String(), o.body)
	if err != nil {
		s.throw(err.Error())
	}
	req.Header = o.headers
	// net/http takes the host from here only.
	if host := o.headers.Get("Host"); host != "" {
		req.Host = host
	}
	return req
}

// fetchOptions is the second argument of fetch.
type fetchOptions struct {
	method  string
	headers http.Header
	body    io.Reader // nil for none; never a typed nil
}

// fetchOptions reads method, headers and body and refuses every other key, as
// the original does.
func (s *session) fetchOptions(v goja.Value) fetchOptions {
	o := fetchOptions{
		method:  http.MethodGet,
		headers: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}},
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
			o.headers = s.fetchHeaders(value)
		case "body":
			o.body = s.fetchBody(value)
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
func (s *session) fetchBody(v goja.Value) io.Reader {
	raw, err := s.Encode(v)
	if err != nil {
		s.throw(err.Error())
	}
	if raw == nil {
		return nil
	}
	return bytes.NewReader(raw)
}

// readBody reads the whole body, or fails where it is too long.
func (s *session) readBody(from io.Reader) ([]byte, error) {
	limit := s.cfg.HTTP.MaxBody
	body, err := io.ReadAll(io.LimitReader(from, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read response: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("response body is larger than %d bytes", limit)
	}
	return body, nil
}
