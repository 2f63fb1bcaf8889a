package targets

import (
	"context"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/targets/internal/secret"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// idUndecryptable is the wire's for a signing key that cannot be decrypted.
const idUndecryptable = "EXEC-thiiCh5b"

// addKey makes t's newest signing key.
func (s *Service) addKey(ctx context.Context, tx *store.Tx, t target.Target) (config.Secret, error) {
	key := secret.NewSigningKey()
	return key, tx.AddKey(ctx, t, s.box.Seal(key, keyOwner(ctx, t.ID)))
}

// reveal decrypts a key of a target. It comes back in clear, for it goes on the
// wire next.
func (s *Service) reveal(ctx context.Context, id target.ID, sealed secret.Sealed) (string, error) {
	key, err := s.box.Open(sealed, keyOwner(ctx, id))
	if err != nil {
		return "", fault.Internal("The signing key of target %s cannot be decrypted", id).WithID(idUndecryptable).Because(err)
	}
	return key.Reveal(), nil
}

// keyOwner is what a target's keys are bound to.
func keyOwner(ctx context.Context, id target.ID) string {
	return string(tenant.From(ctx).Tenant) + "/" + string(id)
}
