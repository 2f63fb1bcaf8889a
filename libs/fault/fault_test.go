package fault_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
)

func TestError(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk on fire")
	err := fault.NotFound("target %s not found", "7").WithID("COMMAND-1").WithReason("GONE").Because(cause)

	t.Run("TextIsTheWiresAndHidesTheCause", func(t *testing.T) {
		t.Parallel()
		if got := err.Text(); got != "target 7 not found (COMMAND-1)" {
			t.Errorf("Text = %q", got)
		}
		if got := err.Error(); got != "target 7 not found (COMMAND-1): disk on fire" {
			t.Errorf("Error = %q", got)
		}
		if got := fault.Invalid("name: is empty").Text(); got != "name: is empty" {
			t.Errorf("without an id: %q", got)
		}
	})
	t.Run("IsFoundThroughWrapping", func(t *testing.T) {
		t.Parallel()
		wrapped := fmt.Errorf("load chain: %w", err)
		if found, ok := fault.As(wrapped); !ok || found.Reason != "GONE" {
			t.Errorf("As = %v, %v", found, ok)
		}
		if !errors.Is(wrapped, cause) {
			t.Error("the cause is lost")
		}
	})
	t.Run("IsComparesCodeAndIDWhereTheTargetNamesOne", func(t *testing.T) {
		t.Parallel()
		for target, want := range map[*fault.Error]bool{
			{Code: fault.CodeNotFound}:                  true,
			{Code: fault.CodeNotFound, ID: "COMMAND-1"}: true,
			{Code: fault.CodeNotFound, ID: "COMMAND-2"}: false,
			{Code: fault.CodeInvalid, ID: "COMMAND-1"}:  false,
		} {
			if got := errors.Is(err, target); got != want {
				t.Errorf("Is(%+v) = %v", target, got)
			}
		}
	})
	t.Run("CopiesInsteadOfChanging", func(t *testing.T) {
		t.Parallel()
		plain := fault.Internal("broken")
		_ = plain.WithID("X").WithReason("Y").Because(cause)
		if plain.ID != "" || plain.Reason != "" || errors.Unwrap(plain) != nil {
			t.Errorf("the original became %+v", plain)
		}
	})
}

func TestClass(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err       error
		code      fault.Code
		permanent bool
	}{
		{nil, 0, false},
		{errors.New("whatever"), fault.CodeUnknown, false},
		{context.DeadlineExceeded, fault.CodeDeadline, false},
		{fmt.Errorf("call: %w", context.Canceled), fault.CodeCanceled, false},
		{fault.Invalid("x"), fault.CodeInvalid, true},
		{fault.NotFound("x"), fault.CodeNotFound, true},
		{fault.AlreadyExists("x"), fault.CodeAlreadyExists, true},
		{fault.PermissionDenied("x"), fault.CodePermissionDenied, true},
		{fault.Unauthenticated("x"), fault.CodeUnauthenticated, true},
		{fault.FailedPrecondition("x"), fault.CodeFailedPrecondition, true},
		{fault.Exhausted("x"), fault.CodeExhausted, false},
		{fault.Deadline("x"), fault.CodeDeadline, false},
		{fault.Unavailable("x"), fault.CodeUnavailable, false},
		{fault.Internal("x"), fault.CodeInternal, false},
		// The class that was given first stays, whatever caused it.
		{fault.Unavailable("x").Because(fault.Invalid("y")), fault.CodeUnavailable, false},
	} {
		if got := fault.CodeOf(c.err); got != c.code {
			t.Errorf("CodeOf(%v) = %d, want %d", c.err, got, c.code)
		}
		if got := fault.Permanent(c.err); got != c.permanent {
			t.Errorf("Permanent(%v) = %v", c.err, got)
		}
	}
}

func TestHTTPStatusIsGRPCGateways(t *testing.T) {
	t.Parallel()
	for code, want := range map[fault.Code]int{
		fault.CodeFailedPrecondition: http.StatusBadRequest, // not 412
		fault.CodeAborted:            http.StatusConflict,
		fault.CodeDeadline:           http.StatusGatewayTimeout,
		fault.CodeUnknown:            http.StatusInternalServerError,
		fault.Code(99):               http.StatusInternalServerError,
	} {
		if got := fault.HTTPStatus(code); got != want {
			t.Errorf("HTTPStatus(%d) = %d, want %d", code, got, want)
		}
	}
}

func TestAnErrorMayHaveAStatusOfItsOwn(t *testing.T) {
	t.Parallel()
	for want, err := range map[int]*fault.Error{
		http.StatusBadRequest: fault.FailedPrecondition("x"),
		http.StatusConflict:   fault.Conflict("x"),
		http.StatusAccepted:   fault.FailedPrecondition("x").WithStatus(http.StatusAccepted).WithAnswer([]byte(`{}`)),
	} {
		if got := err.HTTPStatus(); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
}

func ExampleNotFound() {
	err := fault.NotFound("Target not found").WithID("COMMAND-xj14f2cccn")
	fmt.Println(err)
	// Output: Target not found (COMMAND-xj14f2cccn)
}
