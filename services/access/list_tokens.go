package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

// ListMyTokens returns a page of the caller's tokens.
func (h *handlers) ListMyTokens(ctx context.Context, in *actionplanev1.ListMyTokensRequest) (*actionplanev1.ListMyTokensResponse, error) {
	page, err := pageOf(in.GetLimit(), in.GetAfter())
	if err != nil {
		return nil, err
	}
	me, err := self(ctx)
	if err != nil {
		return nil, err
	}
	found, err := h.store.Tokens(ctx, tenant.From(ctx).Tenant, me, page)
	if err != nil {
		return nil, err
	}
	return &actionplanev1.ListMyTokensResponse{Tokens: each(found.Items, tokenToProto), Total: found.Total}, nil
}

// ListTokens returns a page of the tokens of a person whose own organization it
// is.
func (h *handlers) ListTokens(ctx context.Context, in *actionplanev1.ListTokensRequest) (*actionplanev1.ListTokensResponse, error) {
	page, err := pageOf(in.GetLimit(), in.GetAfter())
	if err != nil {
		return nil, err
	}
	id, err := personOf(in.GetPersonId())
	if err != nil {
		return nil, err
	}
	who := tenant.From(ctx).Tenant
	p, err := h.store.Person(ctx, who, id)
	if err != nil {
		return nil, orNoPerson(err)
	}
	if string(p.Organization) != in.GetOrganizationId() {
		return nil, noPerson()
	}
	found, err := h.store.Tokens(ctx, who, id, page)
	if err != nil {
		return nil, err
	}
	return &actionplanev1.ListTokensResponse{Tokens: each(found.Items, tokenToProto), Total: found.Total}, nil
}

// self returns the caller; internal services are nobody and have no tokens.
func self(ctx context.Context) (tenant.PersonID, error) {
	if me := tenant.From(ctx).Person; me != "" {
		return me, nil
	}
	return "", noPerson()
}
