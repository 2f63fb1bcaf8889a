package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/status"

	"github.com/actionplane/actionplane/libs/fault"
)

// statusBody is google.rpc.Status in the original APIs' JSON: an error with an
// id carries one zitadel.v1.ErrorDetail; one without has no details key
// (actions-v1 sheet, 4.3).
type statusBody struct {
	Code    fault.Code    `json:"code"`
	Message string        `json:"message"`
	Details []errorDetail `json:"details,omitempty"`
}

type errorDetail struct {
	Type    string `json:"@type"`
	ID      string `json:"id"`
	Message string `json:"message"`
}

// reasonBody is the error of the admin-action API (approvals sheet, 1).
type reasonBody struct {
	Error string `json:"error"`
	Code  string `json:"code,omitempty"`
}

const (
	reasonPrefix  = "/api/v0/"
	errorDetailAs = "type.googleapis.com/zitadel.v1.ErrorDetail"
)

// writeError answers with err.
func writeError(w http.ResponseWriter, r *http.Request, httpStatus int, e *fault.Error) {
	w.Header().Set("Content-Type", "application/json")
	if e.Code == fault.CodeUnauthenticated {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(httpStatus)
	_, _ = w.Write(ErrorBody(r.URL.Path, e)) // the client went away
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
		body.Details = []errorDetail{{Type: errorDetailAs, ID: e.ID, Message: e.Message}}
	}
	return body
}

// errorHandler answers for grpc-gateway: its own errors (malformed JSON, say)
// are grpc statuses, the calls' are faults.
func errorHandler(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	e := classify(err)
	writeError(w, r, e.HTTPStatus(), e)
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
