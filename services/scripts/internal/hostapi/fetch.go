package hostapi

import (
	"bytes"
	"context"
	"net/http"

	"github.com/dop251/goja"
)

// send(method, url, headers, body, redirect) begins a call and returns {answer,
// abort}: a promise, and a function that ends it early. It is what the
// browsers' fetch is made of.
func (s *session) send(call goja.FunctionCall) goja.Value {
	promise, resolve, reject := s.vm.NewPromise()
	ctx, cancel := context.WithDeadline(s.ctx, s.Deadline())
	fail := func(err error) error { return reject(s.vm.NewTypeError("fetch failed: " + err.Error())) }
	o := s.outgoing(call)
	finished, err := s.begin(o)
	if err == nil {
		err = s.Loop.Go(func() func() error {
			defer cancel()
			a, err := s.exchange(ctx, o)
			return func() error {
				finished(a, err)
				if err != nil {
					return fail(err)
				}
				return resolve(s.answered(a))
			}
		})
	}
	if err != nil {
		cancel()
		_ = fail(err) // runs nothing: nobody follows the promise yet
	}
	return s.record(map[string]any{
		"answer": promise,
		"abort": Native(s.vm, "abort", func(goja.FunctionCall) goja.Value {
			cancel()
			return goja.Undefined()
		}),
	})
}

func (s *session) outgoing(call goja.FunctionCall) outgoing {
	o := outgoing{
		method: call.Argument(0).String(), url: call.Argument(1).String(), header: make(http.Header),
		redirect: call.Argument(4).String(),
	}
	s.vm.ForOf(call.Argument(2), func(v goja.Value) bool {
		pair := v.ToObject(s.vm)
		o.header.Add(pair.Get("0").String(), pair.Get("1").String())
		return true
	})
	if b, ok := s.bytes(call.Argument(3)); ok {
		o.size = len(b)
		o.body = bytes.NewReader(bytes.Clone(b)) // the script may write to its own meanwhile
	}
	return o
}

func (s *session) answered(a *answer) goja.Value {
	var headers []any
	for name, values := range a.header {
		for _, value := range values {
			headers = append(headers, s.vm.NewArray(name, value))
		}
	}
	return s.record(map[string]any{
		"status": a.status, "statusText": a.statusText, "url": a.url, "redirected": a.redirected,
		"headers": s.vm.NewArray(headers...), "body": s.vm.NewArrayBuffer(a.body),
	})
}
