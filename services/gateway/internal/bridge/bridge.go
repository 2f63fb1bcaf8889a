// Package bridge lets a net/http handler answer Fiber's requests.
//
// fasthttp's own adaptor hands out strings that lie in the connection's
// buffer, which the next request overwrites: a header that is kept, as a key
// of a cache or in a trace, would change under its keeper. It keeps only the
// last of several headers of one name, answers 500 where the path is
// malformed, and runs the handler in another goroutine, for streams that are
// not offered over HTTP/1.1. Here all strings are the request's own; the body
// alone is borrowed, and only as long as the handler runs.
package bridge

import (
	"bytes"
	"io"
	"net/http"
	"net/url"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// Handler answers with next. The request's context is not Fiber's, which is
// done as soon as the server begins to shut down and would end what is to be
// finished. A path that cannot be read is fiber.ErrBadRequest.
func Handler(next http.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		r, err := request(c.Context())
		if err != nil {
			return fiber.ErrBadRequest
		}
		w := &writer{response: c.Response(), header: http.Header{}}
		next.ServeHTTP(w, r)
		w.WriteHeader(http.StatusOK)
		return nil
	}
}

func request(c *fasthttp.RequestCtx) (*http.Request, error) {
	uri := string(c.RequestURI())
	parsed, err := url.ParseRequestURI(uri)
	if err != nil {
		return nil, err
	}
	body := c.PostBody()
	return &http.Request{
		Method:        string(c.Method()),
		URL:           parsed,
		RequestURI:    uri,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header(c),
		Host:          string(c.Host()),
		RemoteAddr:    c.RemoteAddr().String(),
		ContentLength: int64(len(body)),
		Body:          io.NopCloser(bytes.NewReader(body)),
	}, nil
}

// header copies the request's headers, all but those that net/http keeps
// elsewhere.
func header(c *fasthttp.RequestCtx) http.Header {
	h := make(http.Header, c.Request.Header.Len())
	for name, value := range c.Request.Header.All() {
		switch name := string(name); name {
		case fasthttp.HeaderHost, fasthttp.HeaderTransferEncoding:
		default:
			h.Add(name, string(value))
		}
	}
	return h
}

// writer fills Fiber's response. It buffers; there is no Flush.
type writer struct {
	response *fasthttp.Response
	header   http.Header
	wrote    bool
}

// Header implements http.ResponseWriter.
func (w *writer) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter: the first call counts.
func (w *writer) WriteHeader(status int) {
	if w.wrote {
		return
	}
	w.wrote = true
	w.response.SetStatusCode(status)
	for name, values := range w.header {
		for _, v := range values {
			w.response.Header.Add(name, v)
		}
	}
}

// Write implements http.ResponseWriter.
func (w *writer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.response.AppendBody(b)
	return len(b), nil
}
