// Package sdkhttp runs the request and response conditions around net/http
// handlers that speak JSON.
package sdkhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/actionplane/actionplane/libs/sdk"
)

// DefaultMaxBody is the largest body that is shown to Actionplane.
const DefaultMaxBody = 4 << 20

// Config says how requests are guarded.
type Config struct {
	Guard sdk.Guard
	// Method names a request, "/pkg.Service/Method"; "" leaves it alone. It is
	// required.
	Method func(r *http.Request) string
	// Caller says on whose behalf a request is made; nil: nobody's.
	Caller func(r *http.Request) sdk.Caller
	// MaxBody is the largest body in bytes, of requests (413 beyond) and of
	// responses (sent as they are beyond); 0 means DefaultMaxBody.
	MaxBody int64
}

// Middleware returns what wraps a handler. Requests with a JSON body, or none,
// are shown before the handler runs; a body that was changed replaces the
// original. Successful JSON responses are shown before they are sent, and held
// back until then; all others, streams among them, pass as they are written. A
// refusal becomes the response, without the handler's headers:
// {"code":7,"message":"… (ID)","id":"ID"} with the matching HTTP status.
//
// JSON is what is labelled application/json or …+json and is not compressed.
// A request that is labelled otherwise passes unseen, so a handler must not
// read JSON out of one. So does one that nobody listens to when it comes in; its
// handler reads at most MaxBody of it all the same.
func Middleware(cfg Config) func(http.Handler) http.Handler {
	if cfg.MaxBody == 0 {
		cfg.MaxBody = DefaultMaxBody
	}
	if cfg.Caller == nil {
		cfg.Caller = func(*http.Request) sdk.Caller { return sdk.Caller{} }
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { cfg.serve(w, r, next) })
	}
}

func (cfg Config) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	method := cfg.Method(r)
	if method == "" || !isJSON(r.Header) && r.ContentLength != 0 {
		next.ServeHTTP(w, r)
		return
	}
	if !cfg.Guard.MayListen(method) {
		r.Body = http.MaxBytesReader(w, r.Body, cfg.MaxBody)
		next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, cfg.MaxBody))
	if err != nil {
		http.Error(w, "request body: "+err.Error(), bodyStatus(err))
		return
	}
	hook := sdk.Hook{Method: method, Payload: body, Caller: cfg.Caller(r), Headers: headers(r)}
	result, err := cfg.Guard.Request(r.Context(), hook)
	if err != nil {
		WriteError(w, err)
		return
	}
	held := newHeldResponse(w, cfg.MaxBody)
	next.ServeHTTP(held, withBody(r, result.Payload))
	hook.Request = result.Payload
	cfg.finish(r.Context(), held, hook)
}

// finish shows the response that was held back, if it was, and sends it.
func (cfg Config) finish(ctx context.Context, held *heldResponse, hook sdk.Hook) {
	if held.passed {
		return
	}
	if hook.Payload = held.body.Bytes(); len(hook.Payload) == 0 {
		held.release(nil)
		return
	}
	result, err := cfg.Guard.Response(ctx, hook)
	if err != nil {
		held.refuse(err)
		return
	}
	held.release(result.Payload)
}

// bodyStatus is the status of a request whose body could not be read.
func bodyStatus(err error) int {
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

func withBody(r *http.Request, body []byte) *http.Request {
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength, r.TransferEncoding = int64(len(body)), nil
	if len(body) > 0 {
		r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	return r
}

// isJSON reports whether headers announce a body that can be shown.
func isJSON(h http.Header) bool { return IsJSON(h.Get("Content-Type"), h.Get("Content-Encoding")) }

// IsJSON reports whether a body of that type and encoding can be shown.
func IsJSON(contentType, contentEncoding string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && (mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")) &&
		(contentEncoding == "" || contentEncoding == "identity")
}

// headers are those of the request, with the host that net/http takes out.
func headers(r *http.Request) map[string][]string {
	h := r.Header.Clone()
	h.Set("Host", r.Host)
	return h
}

// statuses are the HTTP statuses of gRPC codes, as grpc-gateway maps them;
// what is not here is a 500.
var statuses = map[sdk.Code]int{
	1: 499, 3: http.StatusBadRequest, 4: http.StatusGatewayTimeout, 5: http.StatusNotFound, 6: http.StatusConflict,
	7: http.StatusForbidden, 8: http.StatusTooManyRequests, 9: http.StatusBadRequest, 10: http.StatusConflict,
	11: http.StatusBadRequest, 12: http.StatusNotImplemented, 14: http.StatusServiceUnavailable, 16: http.StatusUnauthorized,
}

// StatusAndBody returns how an error of a hook is answered over HTTP.
func StatusAndBody(err error) (status int, body []byte) {
	answer := struct {
		Code    sdk.Code `json:"code"`
		Message string   `json:"message"`
		ID      string   `json:"id,omitempty"`
	}{Code: sdk.CodeInternal, Message: "internal error"}
	var e *sdk.Error
	if errors.As(err, &e) {
		answer.Code, answer.Message, answer.ID = e.Code, e.Error(), e.ID
	}
	status, ok := statuses[answer.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	body, _ = json.Marshal(answer) // strings and numbers
	return status, body
}

// WriteError answers with an error of a hook.
func WriteError(w http.ResponseWriter, err error) {
	status, body := StatusAndBody(err)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Del("Content-Length")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client went away
}
