package access

import (
	"context"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/role"
)

// ListRoles returns every role, with what it grants.
func (h *handlers) ListRoles(context.Context, *actionplanev1.ListRolesRequest) (*actionplanev1.ListRolesResponse, error) {
	return &actionplanev1.ListRolesResponse{Roles: each(role.All(), roleToProto)}, nil
}

func roleToProto(r role.Role) *actionplanev1.Role {
	return &actionplanev1.Role{
		Name:        string(r),
		Aliases:     names(r.Aliases()),
		Instance:    r.OfInstance(),
		Permissions: names(role.Granted([]role.Role{r})),
		Reviews:     role.Reviews([]role.Role{r}),
	}
}
