package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// ListPeople returns a page of those whose own organization it is, or who hold
// a role in it.
func (h *handlers) ListPeople(ctx context.Context, in *actionplanev1.ListPeopleRequest) (*actionplanev1.ListPeopleResponse, error) {
	organization, err := organizationOf(in.GetOrganizationId())
	if err != nil {
		return nil, err
	}
	page, err := pageOf(in.GetLimit(), in.GetAfter())
	if err != nil {
		return nil, err
	}
	found, err := h.store.People(ctx, tenant.From(ctx).Tenant, store.PersonQuery{
		Text: in.GetQuery(), Kind: kindFilter(in.GetKind()), Organization: organization, Page: page,
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.ListPeopleResponse{People: each(found.Items, personToProto), Total: found.Total}, nil
}

// ListInstancePeople returns a page of everybody.
func (h *handlers) ListInstancePeople(ctx context.Context, in *actionplanev1.ListInstancePeopleRequest) (*actionplanev1.ListInstancePeopleResponse, error) {
	page, err := pageOf(in.GetLimit(), in.GetAfter())
	if err != nil {
		return nil, err
	}
	found, err := h.store.People(ctx, tenant.From(ctx).Tenant, store.PersonQuery{
		Text: in.GetQuery(), Kind: kindFilter(in.GetKind()), Page: page,
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.ListInstancePeopleResponse{People: each(found.Items, personToProto), Total: found.Total}, nil
}
