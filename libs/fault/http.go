package fault

import "net/http"

// httpStatus maps codes to HTTP the way grpc-gateway does, which the public
// APIs were built with. Note FailedPrecondition: 400, not 412.
var httpStatus = map[Code]int{
	CodeCanceled:           499,
	CodeInvalid:            http.StatusBadRequest,
	CodeDeadline:           http.StatusGatewayTimeout,
	CodeNotFound:           http.StatusNotFound,
	CodeAlreadyExists:      http.StatusConflict,
	CodePermissionDenied:   http.StatusForbidden,
	CodeExhausted:          http.StatusTooManyRequests,
	CodeFailedPrecondition: http.StatusBadRequest,
	CodeAborted:            http.StatusConflict,
	CodeUnimplemented:      http.StatusNotImplemented,
	CodeUnavailable:        http.StatusServiceUnavailable,
	CodeUnauthenticated:    http.StatusUnauthorized,
}

// HTTPStatus returns the HTTP status of a code; 500 where none fits.
func HTTPStatus(c Code) int {
	if s, ok := httpStatus[c]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// HTTPStatus returns the HTTP status of e: its own, else its code's.
func (e *Error) HTTPStatus() int {
	if e.Status != 0 {
		return e.Status
	}
	return HTTPStatus(e.Code)
}
