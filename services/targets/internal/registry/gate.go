package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/targets/internal/settings"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// gated is a change as the approval door knows it.
type gated = approval.Change[*store.Tx]

// shown is what people see of a target that is about to change. Its version is
// raised by every change, also one of secrets, which are not in it: a target
// that has moved since a change was asked for is noticed.
type shown struct {
	ActivePublicKey  string            `json:"activePublicKey,omitempty"`
	DisabledReason   string            `json:"disabledReason,omitempty"`
	Ed25519KeyMadeAt *time.Time        `json:"ed25519KeyMadeAt,omitempty"` // the newest one's
	Endpoint         string            `json:"endpoint"`
	HMACKeyMadeAt    *time.Time        `json:"hmacKeyMadeAt,omitempty"` // the newest one's
	ID               target.ID         `json:"id"`
	InterruptOnError bool              `json:"interruptOnError"`
	Kind             string            `json:"kind"`
	Name             string            `json:"name"`
	PayloadType      string            `json:"payloadType"`
	Settings         settings.Settings `json:"settings"`
	Timeout          string            `json:"timeout"`
	Version          uint64            `json:"version"`
}

// The numbers of the wire, as people read them.
var (
	kindNames    = map[target.Kind]string{target.Webhook: "webhook", target.Call: "call", target.Async: "async"}
	payloadNames = map[target.Payload]string{target.JSON: "json", target.JWT: "jwt", target.JWE: "jwe"}
)

// gatedTarget is a change of a target that exists. One that changes nothing
// needs nobody's approval.
func (r *Registry) gatedTarget(id target.ID) gated {
	return gated{
		EntityType: "target", EntityID: string(id), Harmless: approval.Unchanged,
		State: func(ctx context.Context, tx *store.Tx) ([]byte, error) {
			t, err := tx.LockTarget(ctx, id)
			if fault.CodeOf(err) == fault.CodeNotFound {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			return r.show(ctx, tx, t)
		},
	}
}

func (r *Registry) show(ctx context.Context, tx *store.Tx, t target.Target) ([]byte, error) {
	now, err := r.state(ctx, tx, t)
	if err != nil {
		return nil, err
	}
	keys, err := tx.PublicKeys(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	s := shown{
		ID: t.ID, Name: t.Name, Kind: kindNames[t.Kind], InterruptOnError: t.InterruptOnError, Timeout: t.Timeout.String(),
		Endpoint: t.Endpoint, PayloadType: payloadNames[t.Payload], Version: t.Version, DisabledReason: t.DisabledReason,
		Settings: now.Settings, HMACKeyMadeAt: newest(now.HMAC), Ed25519KeyMadeAt: newest(now.Ed25519),
	}
	for _, k := range keys {
		if k.Active {
			s.ActivePublicKey = k.ID + " " + k.Fingerprint
		}
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode target %s: %w", t.ID, err)
	}
	return text, nil
}

// newest returns when the newest of keys was made. Older ones go with time
// alone, which is no change of the target.
func newest(keys []store.SigningKey) *time.Time {
	if len(keys) == 0 {
		return nil
	}
	return &keys[0].Created
}
