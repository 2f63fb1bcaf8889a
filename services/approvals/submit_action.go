package approvals

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
	"github.com/actionplane/actionplane/services/approvals/internal/settings"
	"github.com/actionplane/actionplane/services/approvals/internal/shown"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// SubmitAction takes an action of a registered type. It waits for approval, or
// is carried out at once where the organization requires none; in both cases
// by the service that registered the type.
func (h *handlers) SubmitAction(ctx context.Context, in *actionplanev1.SubmitActionRequest) (*dynamicv0.AdminActionWrapper, error) {
	who := tenant.From(ctx)
	payload := cmp.Or(string(in.GetPayload()), "{}")
	if err := checkObject("payload", []byte(payload)); err != nil {
		return nil, err
	}
	if len(in.GetPreviousState()) > 0 {
		if err := checkObject("previousState", in.GetPreviousState()); err != nil {
			return nil, err
		}
	}
	if err := h.tooLarge([]byte(payload), in.GetPreviousState()); err != nil {
		return nil, err
	}
	t, err := h.actionType(ctx, who.Tenant, in.GetActionType())
	if err != nil {
		return nil, err
	}
	added, err := h.submit(ctx, who, store.Request{
		ID: ident.NewUUID(), Environment: in.GetEnvironmentId(),
		ActionType: t.Name, Category: t.Category, DisplayName: cmp.Or(in.GetDisplayName(), t.DisplayName),
		EntityType: in.GetTargetEntityType(), EntityID: in.GetTargetEntityId(),
		Subject: t.Subject, PayloadType: "application/json", Payload: []byte(payload),
		Display: shown.Redact([]byte(payload), t.Redact), PreviousState: shown.Redact(in.GetPreviousState(), t.Redact),
	}, beginAction)
	if err != nil {
		return nil, err
	}
	return h.wrap(ctx, who, added)
}

// beginAction has an action wait, or queues it at once.
func beginAction(current settings.Settings, r *store.Request) error {
	r.State = request.Pending
	if !current.Enabled {
		r.State, r.Execution.State = request.AutoApproved, request.Queued
	}
	return nil
}

// actionType returns a registered type. An unknown one is refused: nobody
// would carry it out.
func (h *handlers) actionType(ctx context.Context, in tenant.ID, name string) (store.ActionType, error) {
	found, err := h.store.ActionTypes(ctx, in, name)
	if err != nil {
		return store.ActionType{}, err
	}
	if name == "" || len(found) == 0 {
		return store.ActionType{}, fault.NotFound("no service has registered the action type %q", name).WithReason("UNKNOWN_ACTION_TYPE")
	}
	return found[0], nil
}

func checkObject(field string, doc []byte) error {
	if doc = bytes.TrimSpace(doc); len(doc) == 0 || doc[0] != '{' || !json.Valid(doc) {
		return fault.Invalid("%s must be a JSON object", field)
	}
	return nil
}
