package wirev2

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
)

// AddPublicKey adds a key that payloads may be encrypted for, inactive at
// first.
func (s *Server) AddPublicKey(ctx context.Context, in *actionv2.AddPublicKeyRequest) (*actionv2.AddPublicKeyResponse, error) {
	expires, err := expiryOf(in)
	if err != nil {
		return nil, err
	}
	added, err := s.targets.AddPublicKey(ctx, in.GetTargetId(), in.GetPublicKey(), expires)
	if err != nil {
		return nil, err
	}
	return &actionv2.AddPublicKeyResponse{KeyId: added.ID, CreationDate: date(added.Created)}, nil
}

// expiryOf returns nil where there is none.
func expiryOf(in *actionv2.AddPublicKeyRequest) (*time.Time, error) {
	if in.GetExpirationDate() == nil {
		return nil, nil
	}
	if err := in.GetExpirationDate().CheckValid(); err != nil {
		return nil, fault.Invalid("expiration_date is no date: its year must be 1 to 9999").Because(err)
	}
	expires := in.GetExpirationDate().AsTime()
	return &expires, nil
}
