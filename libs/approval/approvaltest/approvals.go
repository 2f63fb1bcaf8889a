// Package approvaltest stands in for the approvals service in the tests of
// those who have gated methods.
package approvaltest

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
	approvalsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/approvals/v1"
)

// RequestID is the id of every change that is submitted.
const RequestID = "the-request"

// Approvals is an approvals service of which a test says what it answers. As it
// begins, no organization has approvals on and nothing is being executed.
type Approvals struct {
	On        atomic.Bool                 // approvals are required of everybody
	Asked     atomic.Int32                // how often somebody asked whether they are
	Trouble   atomic.Pointer[fault.Error] // what GetGate and SubmitChange fail with; nil: they do not
	Submitted chan *approvalsv1.Change    // the changes that wait
	// Previous is the hash of the state that every request was made in; nil:
	// nothing is being executed.
	Previous  atomic.Pointer[[]byte]
	Confirmed atomic.Pointer[approvalsv1.ConfirmExecutionRequest] // the last question
}

// Serve answers on conn until the test ends.
func Serve(t testing.TB, conn *bus.Conn) *Approvals {
	t.Helper()
	a := New()
	bustest.Run(t, a.Server(conn).Run)
	return a
}

// New returns one that is served by Server.
func New() *Approvals { return &Approvals{Submitted: make(chan *approvalsv1.Change, 100)} }

// Server returns a server that answers on conn while it runs.
func (a *Approvals) Server(conn *bus.Conn) *bus.Server {
	srv := conn.NewServer(bus.ServerConfig{})
	approvalsv1.RegisterApprovalsApprovalsServer(srv, a)
	return srv
}

func (a *Approvals) trouble() error {
	if f := a.Trouble.Load(); f != nil {
		return f
	}
	return nil
}

// GetGate answers On.
func (a *Approvals) GetGate(context.Context, *approvalsv1.GetGateRequest) (*approvalsv1.GetGateResponse, error) {
	a.Asked.Add(1)
	return &approvalsv1.GetGateResponse{Enabled: a.On.Load()}, a.trouble()
}

// SubmitChange keeps the change in Submitted.
func (a *Approvals) SubmitChange(_ context.Context, in *approvalsv1.SubmitChangeRequest) (*approvalsv1.SubmitChangeResponse, error) {
	if !a.On.Load() {
		return nil, fault.FailedPrecondition("off").WithReason(approval.ReasonNotGated)
	}
	a.Submitted <- in.GetChange()
	return &approvalsv1.SubmitChangeResponse{RequestId: RequestID, Answer: []byte(`{"actionRequest":{}}`), Message: "wait"}, a.trouble()
}

// ConfirmExecution confirms whatever is asked about, where Previous is set.
func (a *Approvals) ConfirmExecution(_ context.Context, in *approvalsv1.ConfirmExecutionRequest) (*approvalsv1.ConfirmExecutionResponse, error) {
	a.Confirmed.Store(in)
	if p := a.Previous.Load(); p != nil {
		return &approvalsv1.ConfirmExecutionResponse{PreviousSha256: *p}, nil
	}
	return nil, fault.PermissionDenied("no").WithReason(approval.ReasonNotExecuting)
}
