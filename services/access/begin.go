package access

import (
	"context"
	"crypto/sha256"

	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// What the first start calls what it makes. The address is one that no mail
// ever reaches (RFC 2606).
const (
	firstOrganization = "Default"
	firstOwnerEmail   = "owner@actionplane.invalid"
	firstOwnerName    = "Owner"
	firstTokenName    = "ACTIONPLANE_ADMIN_TOKEN"
)

// begin makes sure that the default tenant has an organization, and an owner
// who can sign in.
func (s *Service) begin(ctx context.Context) error {
	first := store.First{
		OrganizationID:   tenant.OrganizationID(s.cfg.OrganizationID),
		OrganizationName: firstOrganization,
		OwnerEmail:       firstOwnerEmail,
		OwnerName:        firstOwnerName,
		TokenName:        firstTokenName,
	}
	if !s.cfg.AdminToken.IsZero() {
		sum := sha256.Sum256([]byte(s.cfg.AdminToken.Reveal()))
		first.TokenSHA256 = sum[:]
	}
	begun, err := s.store.Begin(ctx, tenant.Default, first)
	if err != nil {
		return err
	}
	s.log.InfoContext(ctx, "access.begun", "tenant", tenant.Default, "organization", begun.OrganizationID, "owner", begun.OwnerID,
		"organization_created", begun.OrganizationCreated, "token_created", begun.TokenCreated)
	if !begun.HasToken {
		s.log.WarnContext(ctx, "access.no_token",
			"hint", "nobody can sign in yet: set ACTIONPLANE_ADMIN_TOKEN to a long random value, e.g. of 'openssl rand -hex 32', and start access again")
	}
	return nil
}
