package sdk

import (
	"context"
	"errors"
	"strconv"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/proto/contract"
)

// Code is a gRPC status code.
type Code uint32

// The codes that callers most often tell apart.
const (
	CodeInvalid            Code = 3
	CodeDeadline           Code = 4
	CodePermissionDenied   Code = 7
	CodeExhausted          Code = 8
	CodeFailedPrecondition Code = 9
	CodeInternal           Code = 13
	CodeUnavailable        Code = 14
)

// Error is a refusal or a failure. A target that interrupts decides code and
// message; a veto is meant for the service's own caller.
type Error struct {
	Code    Code
	ID      string // stable id, e.g. "EXEC-reUaUZCzCp"; may be empty
	Message string
	cause   error
}

// Error returns "message (ID)".
func (e *Error) Error() string {
	if e.ID == "" {
		return e.Message
	}
	return e.Message + " (" + e.ID + ")"
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Unavailable reports whether err says nothing about the call itself, only
// that Actionplane could not be asked.
func Unavailable(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == CodeUnavailable
}

// transportError classifies what NATS says.
func transportError(err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return &Error{Code: CodeDeadline, Message: "Actionplane did not answer in time", cause: err}
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, nats.ErrMaxPayload):
		return &Error{Code: CodeInvalid, Message: "the message is larger than the bus allows", cause: err}
	}
	return &Error{Code: CodeUnavailable, Message: "Actionplane is not available", cause: err}
}

// answerError returns the error that an answer tells of, if any.
func answerError(h nats.Header) error {
	code := h.Get(contract.HeaderErrorCode)
	if code == "" {
		return nil
	}
	n, err := strconv.ParseUint(code, 10, 8)
	if err != nil || n == 0 || n > 16 { // gRPC knows no others
		n = uint64(CodeInternal)
	}
	return &Error{Code: Code(n), ID: h.Get(contract.HeaderErrorID), Message: h.Get(contract.HeaderErrorText)}
}
