// Package fault is the one vocabulary for what went wrong. An error is
// classified once, where it is known; everybody downstream only reads the
// class: the bus decides ack, nak or term from it, the gateway the HTTP or
// gRPC status, a caller whether to try again.
//
// The codes are gRPC's, because all three public APIs speak them; HTTP
// statuses are derived in http.go.
package fault

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Code is a gRPC status code.
type Code uint32

// The codes in use, with gRPC's numbers.
const (
	CodeCanceled           Code = 1
	CodeUnknown            Code = 2
	CodeInvalid            Code = 3
	CodeDeadline           Code = 4
	CodeNotFound           Code = 5
	CodeAlreadyExists      Code = 6
	CodePermissionDenied   Code = 7
	CodeExhausted          Code = 8
	CodeFailedPrecondition Code = 9
	CodeAborted            Code = 10
	CodeUnimplemented      Code = 12
	CodeInternal           Code = 13
	CodeUnavailable        Code = 14
	CodeUnauthenticated    Code = 16
)

// String returns gRPC's name of the code, e.g. "NotFound": what error.type says in
// traces and metrics.
func (c Code) String() string {
	if int(c) < len(names) {
		return names[c]
	}
	return "Code(" + strconv.Itoa(int(c)) + ")"
}

// names are gRPC's, written out: whoever knows an error need not know gRPC.
var names = [...]string{
	"OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied",
	"ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss",
	"Unauthenticated",
}

// Error is a classified error. Message is fit for the caller to read; the
// cause, when there is one, stays in the logs of the process that saw it.
type Error struct {
	Code    Code
	ID      string // stable error id of the wire, e.g. "COMMAND-xj14f2cccn"; may be empty
	Message string // text without the id
	Reason  string // machine-readable code of the admin-action API, e.g. "APPROVAL_THRESHOLD_TOO_HIGH"; may be empty
	Status  int    // HTTP status where it is not the one of Code; 0: the one of Code
	Answer  []byte // a JSON document that REST answers with in place of the error's own; nil: none
	Fields  []Field
	// RetryAfter is how long to wait before trying again; 0: not known.
	RetryAfter time.Duration
	cause      error
}

// Error returns "message (ID)", the form clients of the original APIs know,
// followed by the cause.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Text() + ": " + e.cause.Error()
	}
	return e.Text()
}

// Text returns "message (ID)", or the message alone where there is no id. It
// never includes the cause.
func (e *Error) Text() string {
	if e.ID == "" {
		return e.Message
	}
	return e.Message + " (" + e.ID + ")"
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is an *Error of the same code and, when target
// names an id, of the same id.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && (t.ID == "" || t.ID == e.ID)
}

// WithID returns a copy that carries the wire's error id.
func (e *Error) WithID(id string) *Error {
	c := *e
	c.ID = id
	return &c
}

// WithReason returns a copy that carries a machine-readable reason.
func (e *Error) WithReason(reason string) *Error {
	c := *e
	c.Reason = reason
	return &c
}

// WithStatus returns a copy that REST answers with another HTTP status than
// its code's.
func (e *Error) WithStatus(httpStatus int) *Error {
	c := *e
	c.Status = httpStatus
	return &c
}

// WithAnswer returns a copy that REST answers with a JSON document of the
// owner's.
func (e *Error) WithAnswer(json []byte) *Error {
	c := *e
	c.Answer = json
	return &c
}

// Because returns a copy with cause as its cause.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// New returns an error of the given code.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid is bad input: it will never succeed as sent. Name the field.
func Invalid(format string, args ...any) *Error { return New(CodeInvalid, format, args...) }

// NotFound is a thing that does not exist for this caller.
func NotFound(format string, args ...any) *Error { return New(CodeNotFound, format, args...) }

// AlreadyExists is a name or id that is taken.
func AlreadyExists(format string, args ...any) *Error { return New(CodeAlreadyExists, format, args...) }

// PermissionDenied is a known caller without the right.
func PermissionDenied(format string, args ...any) *Error {
	return New(CodePermissionDenied, format, args...)
}

// Unauthenticated is a caller we cannot name.
func Unauthenticated(format string, args ...any) *Error {
	return New(CodeUnauthenticated, format, args...)
}

// FailedPrecondition is a state that does not allow the call.
func FailedPrecondition(format string, args ...any) *Error {
	return New(CodeFailedPrecondition, format, args...)
}

// Exhausted is a limit that was reached; it may heal with time.
func Exhausted(format string, args ...any) *Error { return New(CodeExhausted, format, args...) }

// Deadline is time that ran out.
func Deadline(format string, args ...any) *Error { return New(CodeDeadline, format, args...) }

// Unavailable is a neighbour that is away; trying again is right.
func Unavailable(format string, args ...any) *Error { return New(CodeUnavailable, format, args...) }

// Conflict is a state that the caller did not expect; HTTP 409.
func Conflict(format string, args ...any) *Error {
	return New(CodeFailedPrecondition, format, args...).WithStatus(http.StatusConflict)
}

// Internal is our own mistake.
func Internal(format string, args ...any) *Error { return New(CodeInternal, format, args...) }

// As returns the first *Error in err's chain, if any.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}
