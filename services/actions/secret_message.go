package actions

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/secret"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// secretOwner returns what a secret is bound to.
func secretOwner(in store.Scope, id action.ID, name string) secret.Owner {
	return secret.Owner{Tenant: in.Tenant, Organization: in.Organization, Action: string(id), Name: name}
}

// secretMessage returns the wire's form of a secret, which its value is no part
// of.
func secretMessage(s store.Secret) *actionplanev1.ActionSecret {
	return &actionplanev1.ActionSecret{Name: s.Name, SetAt: timestamppb.New(s.Set), SetBy: string(s.By)}
}

func secretMessages(found []store.Secret) []*actionplanev1.ActionSecret {
	var messages []*actionplanev1.ActionSecret
	for _, s := range found {
		messages = append(messages, secretMessage(s))
	}
	return messages
}
