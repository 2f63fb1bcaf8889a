package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

// ListIssuers returns all issuers, that of the configuration first.
func (h *handlers) ListIssuers(ctx context.Context, _ *actionplanev1.ListIssuersRequest) (*actionplanev1.ListIssuersResponse, error) {
	found, err := h.store.Issuers(ctx, tenant.From(ctx).Tenant)
	if err != nil {
		return nil, err
	}
	var all []*actionplanev1.Issuer
	if s := h.cfg.OIDC.settings(); s.Issuer != "" {
		all = append(all, settingsToProto(s))
	}
	return &actionplanev1.ListIssuersResponse{Issuers: append(all, each(found, issuerToProto)...)}, nil
}

// GetIssuer returns an issuer that was created.
func (h *handlers) GetIssuer(ctx context.Context, in *actionplanev1.GetIssuerRequest) (*actionplanev1.GetIssuerResponse, error) {
	if !ident.IsUUID(in.GetIssuerId()) {
		return nil, fault.NotFound("issuer not found")
	}
	found, err := h.store.Issuer(ctx, tenant.From(ctx).Tenant, in.GetIssuerId())
	if err != nil {
		return nil, orNoIssuer(err)
	}
	return &actionplanev1.GetIssuerResponse{Issuer: issuerToProto(found)}, nil
}
