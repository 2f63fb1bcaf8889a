package access

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

func memberToProto(m store.Member) *actionplanev1.Member {
	return &actionplanev1.Member{
		PersonId:  string(m.Person.ID),
		Name:      m.Person.Name,
		Email:     m.Person.Email,
		Kind:      kindToProto(m.Person.Kind),
		Roles:     names(m.Roles),
		CreatedAt: timestamppb.New(m.Since),
	}
}
