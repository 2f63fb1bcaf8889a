package actions_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
)

// programsOf returns what runs at a trigger of the organization of ctx, asked
// for by somebody of another organization.
func (h *house) programsOf(ctx context.Context, t *testing.T, flow, trigger string) []*actionsv1.GetProgramResponse {
	t.Helper()
	out, err := h.programs.GetTriggerPrograms(as(ctx, ident.NewUUID()), &actionsv1.GetTriggerProgramsRequest{
		OrganizationId: string(tenant.From(ctx).Organization), FlowType: flow, TriggerType: trigger,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.GetPrograms()
}

func TestGetTriggerPrograms(t *testing.T) {
	t.Parallel()
	h := open(t)

	t.Run("ActiveActionsInTheOrderTheyRun", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		a, b, c := h.mustCreate(ctx, t, "a"), h.mustCreate(ctx, t, "b"), h.mustCreate(ctx, t, "c")
		h.mustSet(ctx, t, "2", "4", c, b, a)
		h.mustSet(ctx, t, "2", "5", b)
		if _, err := h.DeactivateAction(ctx, &managementv1.DeactivateActionRequest{Id: b}); err != nil {
			t.Fatal(err)
		}
		h.mustDraft(ctx, t, c, "c", "not yet")
		var names []string
		for _, p := range h.programsOf(ctx, t, "2", "4") {
			names = append(names, p.GetName()+" "+p.GetScript())
		}
		if got := strings.Join(names, ", "); got != "c function c() {}, a function a() {}" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("HoldWhatGetProgramDoes", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		a, b := h.mustCreate(ctx, t, "a"), h.mustCreate(ctx, t, "b")
		h.mustSet(ctx, t, "1", "1", b, a)
		h.mustSetSecret(ctx, t, "", "A", "shared")
		h.mustSetSecret(ctx, t, a, "A", "own")
		programs := h.programsOf(ctx, t, "FLOW_TYPE_EXTERNAL_AUTHENTICATION", "TRIGGER_TYPE_POST_AUTHENTICATION")
		if len(programs) != 2 {
			t.Fatalf("got %d", len(programs))
		}
		for i, id := range []string{b, a} {
			want, err := h.programs.GetProgram(ctx, &actionsv1.GetProgramRequest{ActionId: id})
			if err != nil || !proto.Equal(programs[i], want) {
				t.Errorf("got %v, want %v, %v", programs[i], want, err)
			}
		}
	})
	t.Run("NothingBoundIsNothingToRun", func(t *testing.T) {
		t.Parallel()
		if got := h.programsOf(someone(t), t, "4", "6"); len(got) != 0 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("OfTheCallsOrganizationWhereNoneIsNamed", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		h.mustSet(ctx, t, "4", "6", h.mustCreate(ctx, t, "a"))
		in := &actionsv1.GetTriggerProgramsRequest{FlowType: "4", TriggerType: "6"}
		if out, err := h.programs.GetTriggerPrograms(ctx, in); err != nil || len(out.GetPrograms()) != 1 {
			t.Errorf("got %v, %v", out, err)
		}
		_, err := h.programs.GetTriggerPrograms(as(ctx, ""), in)
		wantVerdict(t, "no organization", err, fault.CodeInvalid, "")
	})
	t.Run("UnknownFlowsAndTriggersAreNotThere", func(t *testing.T) {
		t.Parallel()
		_, err := h.programs.GetTriggerPrograms(someone(t), &actionsv1.GetTriggerProgramsRequest{FlowType: "5", TriggerType: "1"})
		wantVerdict(t, "flow", err, fault.CodeNotFound, "MANAG-P2OBk")
		_, err = h.programs.GetTriggerPrograms(someone(t), &actionsv1.GetTriggerProgramsRequest{FlowType: "2", TriggerType: "1"})
		wantVerdict(t, "trigger", err, fault.CodeInvalid, "COMMAND-Dfgh6")
	})
}

func TestTriggersAreBounded(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.MaxTriggerActions = 2
	h := openWith(t, cfg, slog.DiscardHandler)
	ctx := someone(t)
	ids := []string{h.mustCreate(ctx, t, "a"), h.mustCreate(ctx, t, "b"), h.mustCreate(ctx, t, "c")}
	h.mustSet(ctx, t, "1", "1", ids[:2]...)
	_, err := h.SetTriggerActions(ctx, &managementv1.SetTriggerActionsRequest{FlowType: "1", TriggerType: "1", ActionIds: ids})
	wantVerdict(t, "three", err, fault.CodeInvalid, "ACTIONS-m4ny4ct10ns")
}

// TestVersionsAndSecretsAreOnTheFeed is for caches of programs.
func TestVersionsAndSecretsAreOnTheFeed(t *testing.T) {
	t.Parallel()
	h := open(t)
	ctx := someone(t)
	id := h.mustCreate(ctx, t, "a") // and the stream is there
	feed := h.changes(t)
	h.mustDraft(ctx, t, id, "b", "x")
	h.mustDraft(ctx, t, id, "b", "y")
	h.mustSetSecret(ctx, t, id, "A", "x")
	h.mustSetSecret(ctx, t, "", "A", "x")
	for i, err := range []error{
		h.publish(ctx, id, 2), h.discard(ctx, id, 3), h.rollback(ctx, id, 1), h.deleteSecret(ctx, id, "A"), h.deleteSecret(ctx, "", "A"),
	} {
		if err != nil {
			t.Errorf("change %d: %v", i, err)
		}
	}
	for _, want := range []string{id, id, id, "", id, id, id, id, ""} {
		c := <-feed
		op := strings.TrimPrefix(c.GetOperation().String(), "OPERATION_")
		if c.GetResource() != "action" || c.GetId() != want || op != "CHANGED" || c.GetOrganizationId() != string(tenant.From(ctx).Organization) {
			t.Errorf("got %v, want action %q", c, want)
		}
	}
}
