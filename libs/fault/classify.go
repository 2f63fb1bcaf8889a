package fault

import (
	"context"
	"errors"
)

// CodeOf returns the class of err: the code of the first *Error in its chain,
// the matching code of a context error, and CodeUnknown for everything else.
// It returns 0 for nil.
func CodeOf(err error) Code {
	if err == nil {
		return 0
	}
	if e, ok := As(err); ok {
		return e.Code
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return CodeDeadline
	case errors.Is(err, context.Canceled):
		return CodeCanceled
	}
	return CodeUnknown
}

// Permanent reports whether the same call can never succeed: trying again
// would be wasted. Unknown errors are not permanent.
func Permanent(err error) bool {
	switch CodeOf(err) {
	case CodeInvalid, CodeNotFound, CodeAlreadyExists, CodePermissionDenied,
		CodeUnauthenticated, CodeFailedPrecondition, CodeUnimplemented:
		return true
	default:
		return false
	}
}
