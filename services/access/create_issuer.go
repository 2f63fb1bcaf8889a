package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/oidc"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// CreateIssuer makes an issuer known.
func (h *handlers) CreateIssuer(ctx context.Context, in *actionplanev1.CreateIssuerRequest) (*actionplanev1.CreateIssuerResponse, error) {
	settings, err := settingsOf(in.GetIssuer(), h.cfg.OIDC.AllowHTTP)
	if err != nil {
		return nil, err
	}
	var made store.Issuer
	err = h.mutatePeople(ctx, gated{EntityType: "issuer"}, func(ctx context.Context, tx *store.Tx) (err error) {
		if err := h.mayKnow(ctx, tx, settings); err != nil {
			return err
		}
		made, err = tx.InsertIssuer(ctx, ident.NewUUID(), settings, tenant.From(ctx).Person)
		if fault.CodeOf(err) == fault.CodeAlreadyExists {
			return issuerKnown()
		}
		if err != nil {
			return err
		}
		return tx.Announce(ctx, store.ResourceIssuer, made.ID, settings.Organization, changesv1.Operation_OPERATION_CREATED)
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.CreateIssuerResponse{Issuer: issuerToProto(made)}, nil
}

// mayKnow refuses an issuer that is known by configuration, one too many, and
// one of an organization that does not exist.
func (h *handlers) mayKnow(ctx context.Context, tx *store.Tx, s oidc.Settings) error {
	if s.Issuer == h.cfg.OIDC.Issuer {
		return issuerKnown()
	}
	if s.Organization != "" {
		if _, err := tx.LockOrganization(ctx, s.Organization); err != nil {
			return orNoOrganization(err)
		}
	}
	n, err := tx.CountIssuers(ctx)
	if err != nil {
		return err
	}
	if n >= h.cfg.OIDC.MaxIssuers {
		return fault.Exhausted("%d issuers are known, and %d are allowed", n, h.cfg.OIDC.MaxIssuers)
	}
	return nil
}

func issuerKnown() error { return fault.AlreadyExists("issuer: it is known already") }
