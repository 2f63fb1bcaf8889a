package access

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

func tokenToProto(t store.Token) *actionplanev1.Token {
	return &actionplanev1.Token{
		Id:          t.ID,
		Name:        t.Name,
		PersonId:    string(t.Holder),
		CreatedById: string(t.CreatedBy),
		CreatedAt:   timestamppb.New(t.Created),
		ExpiresAt:   timestampOrNil(t.Expires),
		LastUsedAt:  timestampOrNil(t.LastUsed),
	}
}

func timestampOrNil(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}
