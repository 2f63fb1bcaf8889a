package access

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/secret"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// CreateMyToken makes a token for the caller.
func (h *handlers) CreateMyToken(ctx context.Context, in *actionplanev1.CreateMyTokenRequest) (*actionplanev1.CreateMyTokenResponse, error) {
	made, shown, err := h.createToken(ctx, in, func(ctx context.Context, tx *store.Tx) (store.Person, error) {
		me, err := self(ctx)
		if err != nil {
			return store.Person{}, err
		}
		p, err := tx.LockPerson(ctx, me)
		return p, orNoPerson(err)
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.CreateMyTokenResponse{Token: tokenToProto(made), Secret: shown}, nil
}

// CreateToken makes a token for a person whom the caller manages. Who made it
// is kept: he can act as its holder. That is also why it is refused, where
// approvals are required anywhere, for humans who can sign in already: with such
// a token the caller could make himself another, of the holder's own making, and
// approve what he himself has asked for.
func (h *handlers) CreateToken(ctx context.Context, in *actionplanev1.CreateTokenRequest) (*actionplanev1.CreateTokenResponse, error) {
	required, err := h.door.AnyRequired(ctx)
	if err != nil {
		h.log.WarnContext(ctx, "access.approvals_are_away", "error", err)
		required = true
	}
	made, shown, err := h.createToken(ctx, in, func(ctx context.Context, tx *store.Tx) (store.Person, error) {
		p, err := managed(ctx, tx, in)
		if err == nil && required && p.Kind == store.Human {
			err = cannotSignIn(ctx, tx, p.ID)
		}
		return p, err
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.CreateTokenResponse{Token: tokenToProto(made), Secret: shown}, nil
}

// cannotSignIn refuses who has, or had, a token or an account at an issuer.
func cannotSignIn(ctx context.Context, tx *store.Tx, id tenant.PersonID) error {
	could, err := tx.HasCredentials(ctx, id)
	if err == nil && could {
		err = fault.FailedPrecondition("approvals are required: a human who can sign in makes tokens himself")
	}
	return err
}

// tokenRequest says what a token shall be like.
type tokenRequest interface {
	GetName() string
	GetExpiresAt() *timestamppb.Timestamp
}

// createToken is the one way in which callers make tokens. holder returns whose
// it is, locked, so that the limit holds however many are made at once.
func (h *handlers) createToken(ctx context.Context, in tokenRequest, holder func(context.Context, *store.Tx) (store.Person, error)) (made store.Token, shown string, err error) {
	name, err := nameOf(in.GetName())
	if err != nil {
		return store.Token{}, "", err
	}
	shown = secret.New()
	err = h.mutate(ctx, gated{}, func(ctx context.Context, tx *store.Tx) error {
		p, err := holder(ctx, tx)
		if err != nil {
			return err
		}
		if p.State != store.Active {
			return fault.FailedPrecondition("the person is inactive")
		}
		live, now, err := tx.LiveTokens(ctx, p.ID)
		if err != nil {
			return err
		}
		if live >= h.cfg.MaxTokens {
			return fault.Exhausted("%d live tokens, and %d are allowed: revoke some", live, h.cfg.MaxTokens)
		}
		t := store.Token{ID: ident.NewUUID(), Name: name, Holder: p.ID, CreatedBy: callerOf(ctx).Person, Created: now}
		if t.Expires, err = h.expiry(in.GetExpiresAt(), now); err != nil {
			return err
		}
		if made, err = tx.InsertToken(ctx, t, secret.Hash(shown)); err != nil {
			return err
		}
		return tx.Announce(ctx, store.ResourceToken, string(p.ID), p.Organization, changesv1.Operation_OPERATION_CREATED)
	})
	return made, shown, err
}

// expiry returns when a token expires that was asked to at a time, nil for
// never.
func (h *handlers) expiry(asked *timestamppb.Timestamp, now time.Time) (*time.Time, error) {
	latest := now.Add(h.cfg.TokenMaxAge)
	if asked == nil {
		if h.cfg.TokenMaxAge == 0 {
			return nil, nil //nolint:nilnil // never
		}
		return &latest, nil
	}
	if !asked.IsValid() {
		return nil, fault.Invalid("expires_at: not a time")
	}
	at := asked.AsTime()
	if !at.After(now) {
		return nil, fault.Invalid("expires_at: lies in the past")
	}
	if h.cfg.TokenMaxAge > 0 && at.After(latest) {
		return nil, fault.Invalid("expires_at: tokens live %s at most", h.cfg.TokenMaxAge)
	}
	return &at, nil
}
