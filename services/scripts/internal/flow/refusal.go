package flow

import (
	"fmt"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// Error ids of refusals: those that targets of executions have, so that who
// tells them apart there does here.
const (
	idRefused      = "EXEC-reUaUZCzCp" // with a code that says so
	idRefusedOther = "EXEC-bmhNhpcqpF" // with any other
)

// refusalCodes are the codes that a script may have the caller see: gRPC's by
// their numbers, and the HTTP statuses that have one. The others would look as
// if the call itself had gone wrong, e.g. UNAVAILABLE, which clients try again.
var refusalCodes = map[int]fault.Code{
	0: fault.CodePermissionDenied, // the script named none

	3: fault.CodeInvalid, 5: fault.CodeNotFound, 6: fault.CodeAlreadyExists, 7: fault.CodePermissionDenied,
	8: fault.CodeExhausted, 9: fault.CodeFailedPrecondition, 10: fault.CodeAborted, 16: fault.CodeUnauthenticated,

	400: fault.CodeInvalid, 401: fault.CodeUnauthenticated, 403: fault.CodePermissionDenied, 404: fault.CodeNotFound,
	409: fault.CodeAlreadyExists, 412: fault.CodeFailedPrecondition, 429: fault.CodeExhausted,
}

// Refusal is the error that the caller of an action gets which denied.
func Refusal(action string, v invocation.Veto) error {
	reason := v.Reason
	if reason == "" {
		reason = fmt.Sprintf("action %q denied", action)
	}
	if code, ok := refusalCodes[v.Code]; ok {
		return fault.New(code, "%s", reason).WithID(idRefused)
	}
	return fault.FailedPrecondition("%s", reason).WithID(idRefusedOther)
}
