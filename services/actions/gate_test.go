package actions_test

import (
	"context"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	approvalsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/approvals/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
)

func isRefused(err error, reason string) bool {
	f, ok := fault.As(err)
	return ok && f.Reason == reason
}

func TestGate(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.approvals.On.Store(true)
	ctx := someone(t)
	id := h.mustCreate(ctx, t, "before") // an action that nothing runs waits for nobody

	// waits makes a call twice, the second time as it was approved.
	waits := func(t *testing.T, call func(context.Context) error) *approvalsv1.Change {
		t.Helper()
		if err := call(ctx); !isRefused(err, approval.ReasonRequired) {
			t.Fatalf("got %v", err)
		}
		c := <-h.approvals.Submitted
		sum := sha256.Sum256(c.GetPreviousState())
		h.approvals.Previous.Store(new(sum[:]))
		approved := bus.WithApproval(ctx, ident.NewUUID())
		if err := call(approved); err != nil {
			t.Errorf("approved: %v", err)
		}
		if err := call(approved); !isRefused(err, approval.ReasonApplied) {
			t.Errorf("twice: %v", err)
		}
		return c
	}

	update := &managementv1.UpdateActionRequest{Id: id, Name: "after", Script: "function after() {}"}
	c := waits(t, func(ctx context.Context) error { _, err := h.UpdateAction(ctx, update); return err })
	want := `{"allowedToFail":false,"confidential":[],"id":"` + id + `","name":"after","script":"function after() {}","state":"active","timeout":"0s","version":2}`
	if string(c.GetNextState()) != want || c.GetTargetEntityId() != id {
		t.Errorf("got %v", c)
	}
	c = waits(t, func(ctx context.Context) error {
		_, err := h.own.SetSecret(ctx, &actionplanev1.SetSecretRequest{Id: id, Name: "KEY", Value: "hunter2"})
		return err
	})
	for what, text := range map[string][]byte{"display": c.GetDisplay(), "before": c.GetPreviousState(), "after": c.GetNextState()} {
		if strings.Contains(string(text), "hunter2") {
			t.Errorf("%s: %s", what, text)
		}
	}
	if !strings.Contains(string(c.GetNextState()), `"confidential":[{"name":"KEY","setAt":`) {
		t.Errorf("got %s", c.GetNextState())
	}
	waits(t, func(ctx context.Context) error {
		_, err := h.own.SetOrganizationSecret(ctx, &actionplanev1.SetOrganizationSecretRequest{Name: "KEY", Value: "hunter2"})
		return err
	})
	c = waits(t, func(ctx context.Context) error {
		_, err := h.SetTriggerActions(ctx, &managementv1.SetTriggerActionsRequest{FlowType: "1", TriggerType: "1", ActionIds: []string{id}})
		return err
	})
	if string(c.GetNextState()) != `{"actions":["`+id+`"],"flow":"1","trigger":"1"}` {
		t.Errorf("got %s", c.GetNextState())
	}
	waits(t, func(ctx context.Context) error {
		_, err := h.ClearFlow(ctx, &managementv1.ClearFlowRequest{Type: "1"})
		return err
	})

	if _, err := h.DeactivateAction(ctx, &managementv1.DeactivateActionRequest{Id: id}); err != nil {
		t.Errorf("what does harm is stopped at once: %v", err)
	}
	waits(t, func(ctx context.Context) error {
		_, err := h.ReactivateAction(ctx, &managementv1.ReactivateActionRequest{Id: id})
		return err
	})
	waits(t, func(ctx context.Context) error {
		_, err := h.DeleteAction(ctx, &managementv1.DeleteActionRequest{Id: id})
		return err
	})
}
