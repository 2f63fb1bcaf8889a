package access

import (
	"context"
	"slices"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	"github.com/actionplane/actionplane/services/access/internal/role"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// Error ids of the wire: of a token that is none (the original's text is the
// untranslated key), and of an organization that is none (actions-v1 sheet,
// 4.1).
const (
	idTokenInvalid         = "AUTH-7fs1e"
	idOrganizationNotFound = "AUTH-Bs7Ds"
)

// Authenticate names the holder of a token and what he may do in an
// organization. A call that names no organization is about the holder's own,
// in which he may hold no role and then has no permission; one that he names
// without a role there does not exist for him.
func (h *handlers) Authenticate(ctx context.Context, in *accessv1.AuthenticateRequest) (*accessv1.AuthenticateResponse, error) {
	who := tenant.From(ctx).Tenant
	holder, err := h.store.HolderOfToken(ctx, who, in.GetTokenSha256(), in.GetOrganizationId())
	if fault.CodeOf(err) == fault.CodeNotFound {
		return nil, fault.Unauthenticated("Errors.Token.Invalid").WithID(idTokenInvalid)
	}
	if err != nil {
		return nil, err
	}
	if in.GetOrganizationId() != "" && !sees(holder) {
		return nil, fault.PermissionDenied("Organisation doesn't exist").WithID(idOrganizationNotFound)
	}
	return &accessv1.AuthenticateResponse{Principal: principal(who, holder)}, nil
}

// sees reports whether the organization exists for the holder.
func sees(h store.Holder) bool {
	return h.Organization != "" && len(h.InstanceRoles)+len(h.OrganizationRoles) > 0
}

func principal(in tenant.ID, h store.Holder) *accessv1.Principal {
	held := slices.Concat(h.InstanceRoles, h.OrganizationRoles)
	return &accessv1.Principal{
		Tenant:                  string(in),
		PersonId:                string(h.ID),
		Email:                   h.Email,
		Name:                    h.Name,
		OrganizationId:          string(h.Organization),
		Roles:                   names(role.Distinct(held)),
		InstancePermissions:     names(role.Granted(h.InstanceRoles)),
		OrganizationPermissions: names(role.Granted(held)),
	}
}

func names[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, name := range list {
		out[i] = string(name)
	}
	return out
}
