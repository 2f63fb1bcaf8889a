package approvals

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/proto/gen/go/edge"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// RegisterActionType says which service carries out actions of a type. Its
// subject is none of ours: what our own services do has a gate of its own, and
// must not be reachable around it. Requests that wait keep the subject that
// they were submitted with.
func (h *handlers) RegisterActionType(ctx context.Context, in *actionplanev1.RegisterActionTypeRequest) (*actionplanev1.RegisterActionTypeResponse, error) {
	if err := bus.CheckSubject(in.GetSubject()); err != nil {
		return nil, err
	}
	if slices.Contains(ownTypes(), in.GetName()) {
		return nil, fault.Invalid("the type %q is that of a method of our own", in.GetName())
	}
	if slices.ContainsFunc(in.GetRedact(), func(path string) bool { return slices.Contains(strings.Split(path, "."), "") }) {
		return nil, fault.Invalid("redact holds a path with an empty part")
	}
	t := store.ActionType{
		Name: in.GetName(), DisplayName: in.GetDisplayName(), Category: cmp.Or(in.GetCategory(), "actions"),
		Subject: in.GetSubject(), Redact: in.GetRedact(),
	}
	if err := h.store.PutActionType(ctx, tenant.From(ctx).Tenant, t); err != nil {
		return nil, err
	}
	return &actionplanev1.RegisterActionTypeResponse{ActionType: typeToProto(t)}, nil
}

// ListActionTypes lists the registered types.
func (h *handlers) ListActionTypes(ctx context.Context, _ *actionplanev1.ListActionTypesRequest) (*actionplanev1.ListActionTypesResponse, error) {
	types, err := h.store.ActionTypes(ctx, tenant.From(ctx).Tenant, "")
	if err != nil {
		return nil, err
	}
	out := &actionplanev1.ListActionTypesResponse{}
	for _, t := range types {
		out.ActionTypes = append(out.ActionTypes, typeToProto(t))
	}
	return out, nil
}

func typeToProto(t store.ActionType) *actionplanev1.ActionType {
	return &actionplanev1.ActionType{Name: t.Name, DisplayName: t.DisplayName, Category: t.Category, Subject: t.Subject, Redact: t.Redact}
}

// gatedMethods are the methods that may wait for approval.
func gatedMethods() []*contract.Method {
	var gated []*contract.Method
	for _, s := range edge.Services {
		for _, m := range s.Methods {
			if m.Gate != nil {
				gated = append(gated, m)
			}
		}
	}
	return gated
}

func ownTypes() []string {
	var types []string
	for _, m := range gatedMethods() {
		types = append(types, approval.ActionType(m))
	}
	return types
}
