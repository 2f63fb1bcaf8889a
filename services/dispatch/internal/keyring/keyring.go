// Package keyring has the signing keys of targets at hand. They are asked of
// the targets service and kept for a moment only, so that a key which is
// rotated is in use within seconds even where the change feed is away; the feed
// makes it immediate.
package keyring

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/signature"
)

const (
	maxTargets = 10_000
	maxAge     = time.Minute
	// askTimeout bounds one question to the targets service.
	askTimeout = 5 * time.Second
)

// Keyring returns signers. It is safe for concurrent use.
type Keyring struct {
	targets *targetsv1.TargetsBusClient
	bus     *bus.Conn
	signers *cache.Local[name, *signature.Signer]
}

type name struct{ tenant, target string }

// New returns a keyring that asks over conn. Close it.
func New(conn *bus.Conn) *Keyring {
	return &Keyring{
		targets: targetsv1.NewTargetsBusClient(conn), bus: conn,
		signers: cache.NewLocal[name, *signature.Signer](maxTargets, maxAge),
	}
}

// Close ends the keyring.
func (k *Keyring) Close() { k.signers.Close() }

// Signer returns what signs for a target now. CodeNotFound: the target is
// deleted; CodeUnavailable, CodeDeadline: the targets service is away.
func (k *Keyring) Signer(ctx context.Context, tenantID, target string) (*signature.Signer, error) {
	n := name{tenantID, target}
	if s, ok := k.signers.Get(n); ok {
		return s, nil
	}
	s, err := k.signers.GetOrLoad(ctx, n, k.load)
	if err != nil && ctx.Err() == nil && timeRanOut(err) { // of whoever asked first
		s, err = k.signers.GetOrLoad(ctx, n, k.load)
	}
	return s, err
}

func timeRanOut(err error) bool {
	return fault.CodeOf(err) == fault.CodeDeadline || fault.CodeOf(err) == fault.CodeCanceled
}

func (k *Keyring) load(ctx context.Context, n name) (*signature.Signer, error) {
	ctx, cancel := context.WithTimeout(tenant.With(ctx, tenant.Identity{Tenant: tenant.ID(n.tenant)}), askTimeout)
	defer cancel()
	answer, err := k.targets.GetSigningKeys(ctx, &targetsv1.GetSigningKeysRequest{TargetId: n.target})
	if err != nil {
		return nil, err
	}
	keys := make([]signature.Key, len(answer.GetKeys()))
	for i, key := range answer.GetKeys() {
		keys[i] = signature.Key(key)
	}
	return signature.NewSigner(keys...), nil
}

// Follow forgets the keys of targets that change, until ctx is done.
func (k *Keyring) Follow(ctx context.Context) error {
	return changefeed.Follow(ctx, k.bus, func(uint64) { k.signers.Clear() }, func(_ uint64, c *changesv1.Change) {
		switch c.GetResource() {
		case "target":
			k.signers.Delete(name{c.GetTenant(), c.GetId()})
		case "": // of nobody knows what
			k.signers.Clear()
		}
	})
}
