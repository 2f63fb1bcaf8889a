package rest

import (
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

// writeError answers with err in the shape of the API that the path belongs
// to.
func writeError(w http.ResponseWriter, r *http.Request, httpStatus int, e *fault.Error) {
	var body any = newStatusBody(e)
	if strings.HasPrefix(r.URL.Path, reasonPrefix) {
		body = reasonBody{Error: e.Message, Code: e.Reason}
	}
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if e.Code == fault.CodeUnauthenticated {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(httpStatus)
	_, _ = w.Write(text) // the client went away
}

func newStatusBody(e *fault.Error) statusBody {
	body := statusBody{Code: e.Code, Message: e.Text()}
	if e.ID != "" {
		body.Details = []errorDetail{{Type: errorDetailAs, ID: e.ID, Message: e.Message}}
	}
	return body
}

// errorHandler answers for grpc-gateway: its own errors (malformed JSON,
// unknown path) are grpc statuses, the calls' are faults.
func errorHandler(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	e := classify(err)
	httpStatus := fault.HTTPStatus(e.Code)
	var routed *runtime.HTTPStatusError
	if errors.As(err, &routed) {
		httpStatus = routed.HTTPStatus
	}
	writeError(w, r, httpStatus, e)
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
		return fault.New(fault.Code(s.Code()), "%s", s.Message())
	}
	switch code := fault.CodeOf(err); code {
	case fault.CodeDeadline:
		return fault.Deadline("time ran out")
	case fault.CodeCanceled:
		return fault.New(code, "the caller went away")
	}
	return fault.Internal("internal error")
}
