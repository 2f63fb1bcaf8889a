package access

import (
	"context"
	"errors"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/access/internal/oidc"
	"github.com/actionplane/actionplane/services/access/internal/role"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// holderOfJWT finds who shows a JSON Web Token. ok is false where it is none of
// an issuer that is known.
//
// The roles that the token names hold beside those that are stored, for as long
// as it is shown: they are not stored, so that an issuer that takes one back is
// obeyed at the next token.
func (h *handlers) holderOfJWT(ctx context.Context, raw, organization string) (holder store.Holder, ok bool, err error) {
	if raw == "" {
		return store.Holder{}, false, nil
	}
	token, isJWT := oidc.Parse(raw)
	if !isJWT {
		return store.Holder{}, false, nil
	}
	settings, err := h.issuerNamed(ctx, token.Issuer)
	if fault.CodeOf(err) == fault.CodeNotFound {
		return store.Holder{}, false, nil
	}
	if err != nil {
		return store.Holder{}, true, err
	}
	claims, err := h.verifier.Verify(ctx, settings, token)
	if invalid := new(oidc.InvalidError); errors.As(err, &invalid) {
		h.log.DebugContext(ctx, "access.jwt_refused", "issuer", settings.Issuer, "reason", invalid.Reason)
		return store.Holder{}, true, noToken()
	}
	if err != nil {
		return store.Holder{}, true, err
	}
	holder, err = h.holderOfClaims(ctx, settings, claims, organization)
	return holder, true, err
}

// holderOfClaims finds who the subject of a checked token is here, making him
// known at the first sight, and adds what the token grants.
func (h *handlers) holderOfClaims(ctx context.Context, s oidc.Settings, c oidc.Claims, organization string) (store.Holder, error) {
	asked := organization
	if asked == "" {
		asked = string(s.Organization) // tokens that hold in one place are about it
	}
	who := tenant.From(ctx).Tenant
	holder, err := h.store.HolderOfIdentity(ctx, who, s.Issuer, c.Subject, asked)
	if fault.CodeOf(err) == fault.CodeNotFound {
		if err := h.provision(ctx, s, c); err != nil {
			return store.Holder{}, err
		}
		holder, err = h.store.HolderOfIdentity(ctx, who, s.Issuer, c.Subject, asked)
	}
	if err != nil {
		return store.Holder{}, err
	}
	if holder.State != store.Active {
		return store.Holder{}, noToken()
	}
	first, err := h.store.FirstOrganization(ctx, who)
	if err != nil {
		return store.Holder{}, err
	}
	return withClaims(holder, s, c, first.ID), nil
}

// withClaims adds to a holder the roles that his token names, and takes what it
// does not reach: a token that holds in one organization is worth nothing
// elsewhere, whoever its holder is.
func withClaims(h store.Holder, s oidc.Settings, c oidc.Claims, first tenant.OrganizationID) store.Holder {
	if s.Organization != "" {
		h.InstanceRoles = nil
		if h.Organization != s.Organization {
			h.Organization, h.OrganizationActive, h.OrganizationRoles = "", false, nil
		}
	}
	where := claimedOrganization(s, c, first)
	for _, r := range s.RoleMapping.Roles(c.Values) {
		switch {
		case r.OfInstance() && s.Organization == "":
			h.InstanceRoles = append(h.InstanceRoles, r)
		case !r.OfInstance() && where != "" && h.Organization == where:
			h.OrganizationRoles = append(h.OrganizationRoles, r)
		}
	}
	h.InstanceRoles, h.OrganizationRoles = role.Distinct(h.InstanceRoles), role.Distinct(h.OrganizationRoles)
	return h
}

// claimedOrganization returns where mapped roles of organizations hold; ""
// means nowhere, because the token does not say although it should.
func claimedOrganization(s oidc.Settings, c oidc.Claims, first tenant.OrganizationID) tenant.OrganizationID {
	switch {
	case s.OrganizationClaim == "" && s.Organization != "":
		return s.Organization
	case s.OrganizationClaim == "":
		return first
	case ident.IsUUID(c.Organization):
		return tenant.OrganizationID(c.Organization)
	default:
		return ""
	}
}

// issuerNamed returns the settings of an issuer. NotFound: it is not known.
func (h *handlers) issuerNamed(ctx context.Context, name string) (oidc.Settings, error) {
	if s := h.cfg.OIDC.settings(); s.Issuer == name {
		return s, nil
	}
	found, err := h.store.IssuerNamed(ctx, tenant.From(ctx).Tenant, name)
	return found.Settings, err
}
