package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// ListMembers returns a page of those who hold roles in an organization.
func (h *handlers) ListMembers(ctx context.Context, in *actionplanev1.ListMembersRequest) (*actionplanev1.ListMembersResponse, error) {
	organization, err := organizationOf(in.GetOrganizationId())
	if err != nil {
		return nil, err
	}
	page, err := pageOf(in.GetLimit(), in.GetAfter())
	if err != nil {
		return nil, err
	}
	found, err := h.store.Members(ctx, tenant.From(ctx).Tenant, store.MemberQuery{Organization: organization, Text: in.GetQuery(), Page: page})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.ListMembersResponse{Members: each(found.Items, memberToProto), Total: found.Total}, nil
}

// ListInstanceMembers returns a page of those who hold roles in the instance.
func (h *handlers) ListInstanceMembers(ctx context.Context, in *actionplanev1.ListInstanceMembersRequest) (*actionplanev1.ListInstanceMembersResponse, error) {
	page, err := pageOf(in.GetLimit(), in.GetAfter())
	if err != nil {
		return nil, err
	}
	found, err := h.store.Members(ctx, tenant.From(ctx).Tenant, store.MemberQuery{Text: in.GetQuery(), Page: page})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.ListInstanceMembersResponse{Members: each(found.Items, memberToProto), Total: found.Total}, nil
}
