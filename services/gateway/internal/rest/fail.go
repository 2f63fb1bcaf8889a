package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/status"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/wirejson"
)

// statusBody is google.rpc.Status in the original APIs' JSON: an error with an
// id carries one zitadel.v1.ErrorDetail; one without, which names no field and
// no time either, has no details key (actions-v1 sheet, 4.3).
type statusBody struct {
	Code    fault.Code `json:"code"`
	Message string     `json:"message"`
	Details []any      `json:"details,omitempty"`
}

type errorDetail struct {
	Type    string `json:"@type"`
	ID      string `json:"id"`
	Message string `json:"message"`
}

// badRequest names fields, by their JSON names.
type badRequest struct {
	Type   string      `json:"@type"`
	Fields []violation `json:"fieldViolations"`
}

type violation struct {
	Field       string `json:"field"`
	Description string `json:"description"`
}

type retryInfo struct {
	Type  string `json:"@type"`
	Delay string `json:"retryDelay"`
}

// reasonBody is the error of the admin-action API (approvals sheet, 1).
type reasonBody struct {
	Error string `json:"error"`
	Code  string `json:"code,omitempty"`
}

const (
	reasonPrefix  = "/api/v0/"
	errorDetailAs = "type.googleapis.com/zitadel.v1.ErrorDetail"
	badRequestAs  = "type.googleapis.com/google.rpc.BadRequest"
	retryInfoAs   = "type.googleapis.com/google.rpc.RetryInfo"
)

// retryLater is when a client may try again whom nobody told: a neighbour that
// is away comes back within seconds.
const retryLater = time.Second

// Refuse answers with e.
func Refuse(w http.ResponseWriter, r *http.Request, e *fault.Error) {
	writeError(w, r, e.HTTPStatus(), e)
}

// writeError answers with e and a status.
func writeError(w http.ResponseWriter, r *http.Request, httpStatus int, e *fault.Error) {
	w.Header().Set("Content-Type", "application/json")
	if e.Code == fault.CodeUnauthenticated {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	wait := e.RetryAfter
	if wait == 0 && httpStatus == http.StatusServiceUnavailable {
		wait = retryLater
	}
	if wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	w.WriteHeader(httpStatus)
	_, _ = w.Write(ErrorBody(r.URL.Path, e)) //nolint:gosec // JSON that says so, whose shape alone the path picks; an error: the client went away
}

// ErrorBody returns the JSON of e in the shape of the API that the path
// belongs to, or the document that its owner answers with: a change that waits
// for approval is no failure.
func ErrorBody(path string, e *fault.Error) []byte {
	if len(e.Answer) > 0 {
		return e.Answer
	}
	var body any = newStatusBody(e)
	if strings.HasPrefix(path, reasonPrefix) {
		body = newReasonBody(e)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body) // strings and numbers alone
	return bytes.TrimSpace(text.Bytes())
}

// newReasonBody fills in the code of a NOT_FOUND, which the API requires.
func newReasonBody(e *fault.Error) reasonBody {
	body := reasonBody{Error: e.Message, Code: e.Reason}
	if e.Code == fault.CodeNotFound && body.Code == "" {
		body.Code = "not_found"
	}
	return body
}

func newStatusBody(e *fault.Error) statusBody {
	body := statusBody{Code: e.Code, Message: e.Text()}
	if e.ID != "" {
		body.Details = append(body.Details, errorDetail{Type: errorDetailAs, ID: e.ID, Message: e.Message})
	}
	if len(e.Fields) > 0 {
		bad := badRequest{Type: badRequestAs}
		for _, f := range e.Fields {
			bad.Fields = append(bad.Fields, violation{Field: jsonPath(f.Path), Description: f.Problem})
		}
		body.Details = append(body.Details, bad)
	}
	if e.RetryAfter > 0 {
		delay := strconv.FormatFloat(e.RetryAfter.Seconds(), 'f', -1, 64) + "s"
		body.Details = append(body.Details, retryInfo{Type: retryInfoAs, Delay: delay})
	}
	return body
}

// jsonPath turns the proto names of a path into JSON names, but not what stands
// in brackets: "a_b[\"c_d\"].e_f" becomes "aB[\"c_d\"].eF".
func jsonPath(path string) string {
	out := make([]byte, 0, len(path))
	brackets, upper := false, false
	for _, c := range []byte(path) {
		switch {
		case c == '[' || c == ']':
			brackets = c == '['
		case brackets:
		case c == '_':
			upper = true
			continue
		case upper && c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		}
		upper = false
		out = append(out, c)
	}
	return string(out)
}

// errorHandler answers for grpc-gateway: its own errors are grpc statuses, the
// calls' are faults, and what was wrong with body or query is looked up, for
// its texts say too little.
func (rs routes) errorHandler(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	e := classify(err)
	if e.Code == fault.CodeInvalid {
		route := rs.of(ctx)
		if p := bodyProblem(r); p != nil {
			e = malformed(p.In(route.bodyField))
		} else if p := route.queryProblem(r.URL.Query(), err); p != nil {
			e = malformed(p)
		}
	}
	Refuse(w, r, e)
}

func malformed(p *wirejson.Problem) *fault.Error {
	e := fault.Invalid("%s", p.Error())
	if p.Path == "" {
		return e
	}
	return e.WithField(p.Path, p.Reason)
}

// routingErrorHandler answers where no method is bound to path and verb.
func routingErrorHandler(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, httpStatus int) {
	code := fault.CodeInvalid
	switch httpStatus {
	case http.StatusNotFound:
		code = fault.CodeNotFound
	case http.StatusMethodNotAllowed:
		code = fault.CodeUnimplemented
	}
	writeError(w, r, httpStatus, fault.New(code, "%s", http.StatusText(httpStatus)))
}

// classify returns what the caller may know of err.
func classify(err error) *fault.Error {
	if e, ok := fault.As(err); ok {
		return e
	}
	var routed *runtime.HTTPStatusError
	if errors.As(err, &routed) {
		err = routed.Err
	}
	if s, ok := status.FromError(err); ok {
		return fault.New(fault.Code(s.Code()), "%s", plain(s.Message()))
	}
	switch code := fault.CodeOf(err); code {
	case fault.CodeDeadline:
		return fault.Deadline("time ran out")
	case fault.CodeCanceled:
		return fault.New(code, "the caller went away")
	}
	return fault.Internal("internal error")
}

// plain replaces the no-break spaces by which protojson keeps its texts from
// being relied upon: they differ from build to build.
func plain(text string) string { return strings.ReplaceAll(text, "\u00a0", " ") }
