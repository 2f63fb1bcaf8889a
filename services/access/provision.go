package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	"github.com/actionplane/actionplane/services/access/internal/oidc"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// provision makes the subject of a checked token somebody, at the first sight:
//
//   - whoever has the address that the issuer vouches for, since one human is
//     one person; but an issuer whose tokens hold in one organization vouches
//     for that organization's own people alone, or whoever runs it could become
//     anybody;
//   - else a new human with that address;
//   - else, where the issuer vouches for none, a new service account: nobody can
//     tell which human it is, so it must not review.
//
// He gets no stored role. From then on he is known by issuer and subject,
// whatever becomes of his address.
func (h *handlers) provision(ctx context.Context, s oidc.Settings, c oidc.Claims) error {
	first, err := h.store.FirstOrganization(ctx, tenant.From(ctx).Tenant)
	if err != nil {
		return err
	}
	err = h.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Lock(ctx); err != nil {
			return err
		}
		if known, err := tx.HasIdentity(ctx, s.Issuer, c.Subject); err != nil || known {
			return err // another call was faster
		}
		p, err := personOfClaims(ctx, tx, s, c, first.ID)
		if err != nil {
			return err
		}
		if err := tx.InsertIdentity(ctx, s.Issuer, c.Subject, p.ID); err != nil {
			return err
		}
		return tx.Announce(ctx, store.ResourcePerson, string(p.ID), p.Organization, changesv1.Operation_OPERATION_CREATED)
	})
	h.relay.Kick()
	if fault.CodeOf(err) == fault.CodeUnauthenticated {
		h.log.WarnContext(ctx, "access.jwt_address_taken", "issuer", s.Issuer, "subject", c.Subject,
			"hint", "an issuer of one organization vouches for its own people alone")
	}
	return err
}

// personOfClaims returns who has the address, or makes somebody.
func personOfClaims(ctx context.Context, tx *store.Tx, s oidc.Settings, c oidc.Claims, first tenant.OrganizationID) (store.Person, error) {
	if c.Email != "" {
		p, err := tx.PersonWithEmail(ctx, c.Email)
		if err == nil && s.Organization != "" && p.Organization != s.Organization {
			return store.Person{}, noToken()
		}
		if fault.CodeOf(err) != fault.CodeNotFound {
			return p, err
		}
	}
	home, err := homeOfClaims(ctx, tx, s, c, first)
	if err != nil {
		return store.Person{}, err
	}
	name := c.Name
	if name == "" {
		name = c.Subject
	}
	return insertPerson(ctx, tx, home, name, c.Email)
}

// homeOfClaims returns the organization that shall be a new person's own: the
// one that his token names, if there is one, else the first.
func homeOfClaims(ctx context.Context, tx *store.Tx, s oidc.Settings, c oidc.Claims, first tenant.OrganizationID) (tenant.OrganizationID, error) {
	claimed := s.Organization
	if claimed == "" {
		claimed = claimedOrganization(s, c, first)
	}
	if claimed == "" {
		return first, nil
	}
	o, err := tx.LockOrganization(ctx, claimed)
	if fault.CodeOf(err) == fault.CodeNotFound {
		return first, nil
	}
	return o.ID, err
}
