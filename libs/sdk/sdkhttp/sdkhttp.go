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
// original. Successful JSON responses are shown before they are sent; they are
// held back until the handler returns, so a handler that streams should not be
// wrapped. A refusal becomes the response:
// {"code":7,"message":"… (ID)","id":"ID"} with the matching HTTP status.
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
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, cfg.MaxBody))
	if err != nil {
		http.Error(w, "request body: "+err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	hook := sdk.Hook{Method: method, Payload: body, Caller: cfg.Caller(r), Headers: headers(r)}
	result, err := cfg.Guard.Request(r.Context(), hook)
	if err != nil {
		WriteError(w, err)
		return
	}
	r = withBody(r, result.Payload)
	held := &heldResponse{ResponseWriter: w, limit: cfg.MaxBody, status: http.StatusOK}
	next.ServeHTTP(held, r)
	cfg.finish(r.Context(), held, hook, result.Payload)
}

// finish shows the response that was held back, and sends it.
func (cfg Config) finish(ctx context.Context, held *heldResponse, hook sdk.Hook, request []byte) {
	if held.passed {
		return // too large to be shown, and sent already
	}
	body := held.body.Bytes()
	if held.status/100 == 2 && isJSON(held.Header()) && len(body) > 0 {
		hook.Request, hook.Payload = request, body
		result, err := cfg.Guard.Response(ctx, hook)
		if err != nil {
			WriteError(held.ResponseWriter, err)
			return
		}
		body = result.Payload
	}
	if held.Header().Get("Content-Length") != "" {
		held.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	held.ResponseWriter.WriteHeader(held.status)
	_, _ = held.ResponseWriter.Write(body) // the client went away
}

func withBody(r *http.Request, body []byte) *http.Request {
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return r
}

func isJSON(h http.Header) bool {
	mediaType, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && mediaType == "application/json"
}

// headers are those of the request, with the host that net/http takes out.
func headers(r *http.Request) map[string][]string {
	h := r.Header.Clone()
	h.Set("Host", r.Host)
	return h
}

// heldResponse keeps a response back until it is known whether it may be sent.
type heldResponse struct {
	http.ResponseWriter
	limit  int64
	status int
	body   bytes.Buffer
	passed bool
}

// WriteHeader implements http.ResponseWriter.
func (h *heldResponse) WriteHeader(status int) { h.status = status }

// Write implements http.ResponseWriter. What grows beyond the limit is passed
// on as it is.
func (h *heldResponse) Write(b []byte) (int, error) {
	if h.passed {
		return h.ResponseWriter.Write(b)
	}
	if int64(h.body.Len()+len(b)) <= h.limit {
		return h.body.Write(b)
	}
	h.passed = true
	h.ResponseWriter.WriteHeader(h.status)
	if _, err := h.ResponseWriter.Write(h.body.Bytes()); err != nil {
		return 0, err
	}
	return h.ResponseWriter.Write(b)
}

// statuses are the HTTP statuses of the codes a hook may answer with.
var statuses = map[sdk.Code]int{
	3: http.StatusBadRequest, 4: http.StatusGatewayTimeout, 5: http.StatusNotFound, 6: http.StatusConflict,
	7: http.StatusForbidden, 8: http.StatusTooManyRequests, 9: http.StatusBadRequest,
	14: http.StatusServiceUnavailable, 16: http.StatusUnauthorized,
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
