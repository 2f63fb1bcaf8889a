package executions_test

import (
	"context"
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	actionv2beta "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2beta"
)

func isRefused(err error, reason string) bool {
	f, ok := fault.As(err)
	return ok && f.Reason == reason
}

// TestGate sets the same list through all versions of the API.
func TestGate(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	w.targets.put("1", "2")
	w.approvals.On.Store(true)
	v2, v2beta := actionv2.NewActionServiceBusClient(w.conn), actionv2beta.NewActionServiceBusClient(w.conn)
	for name, set := range map[string]func(ctx context.Context, targets ...string) error{
		"v3alpha": func(ctx context.Context, targets ...string) error {
			_, err := w.SetExecution(ctx, setRequest("event/a", targets...))
			return err
		},
		"v2": func(ctx context.Context, targets ...string) error {
			_, err := v2.SetExecution(ctx, &actionv2.SetExecutionRequest{Condition: same(t, wire("event/a"), new(actionv2.Condition)), Targets: targets})
			return err
		},
		"v2beta": func(ctx context.Context, targets ...string) error {
			_, err := v2beta.SetExecution(ctx, &actionv2beta.SetExecutionRequest{Condition: same(t, wire("event/a"), new(actionv2beta.Condition)), Targets: targets})
			return err
		},
	} {
		ctx := as(t)
		if err := set(ctx, "2", "1"); !isRefused(err, approval.ReasonRequired) {
			t.Fatalf("%s: got %v", name, err)
		}
		c := <-w.approvals.Submitted
		if c.GetTargetEntityId() != "event/a" || c.GetPreviousState() != nil ||
			string(c.GetNextState()) != `{"condition":"event/a","targets":[{"target":"2"},{"target":"1"}]}` {
			t.Errorf("%s: got %v", name, c)
		}
		if _, targets := w.shownV2(ctx, t, &actionv2.ListExecutionsRequest{}); len(targets) != 0 {
			t.Errorf("%s: it did not wait: %v", name, targets)
		}
		sum := sha256.Sum256(nil)
		w.approvals.Previous.Store(new(sum[:]))
		approved := bus.WithApproval(ctx, ident.NewUUID())
		if err := set(approved, "2", "1"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, targets := w.shownV2(ctx, t, &actionv2.ListExecutionsRequest{}); !slices.Equal(targets["event/a"], []string{"2", "1"}) {
			t.Errorf("%s: got %v", name, targets)
		}
		if err := set(ctx, "2", "1"); err != nil {
			t.Errorf("%s: what changes nothing: %v", name, err)
		}
		if err := set(approved, "1"); !isRefused(err, approval.ReasonApplied) {
			t.Errorf("%s: twice: %v", name, err)
		}
		if err := set(bus.WithApproval(ctx, ident.NewUUID()), "1"); !isRefused(err, approval.ReasonDrift) {
			t.Errorf("%s: asked for when there was no list: %v", name, err)
		}
	}
}
