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
// without a role there does not exist for him. What it costs to find that out
// is the same in both cases, because it is the same statement.
func (h *handlers) Authenticate(ctx context.Context, in *accessv1.AuthenticateRequest) (*accessv1.AuthenticateResponse, error) {
	holder, err := h.holder(ctx, in)
	if err != nil {
		return nil, err
	}
	if in.GetOrganizationId() != "" && !sees(holder) {
		return nil, fault.PermissionDenied("Organisation doesn't exist").WithID(idOrganizationNotFound)
	}
	return &accessv1.AuthenticateResponse{Principal: principal(tenant.From(ctx).Tenant, holder)}, nil
}

// holder finds who shows a credential. A JSON Web Token is one only where its
// issuer is known; everything else is looked up as a personal access token.
func (h *handlers) holder(ctx context.Context, in *accessv1.AuthenticateRequest) (store.Holder, error) {
	if holder, ok, err := h.holderOfJWT(ctx, in.GetJwt(), in.GetOrganizationId()); ok {
		return holder, err
	}
	who := tenant.From(ctx).Tenant
	holder, err := h.store.HolderOfToken(ctx, who, in.GetTokenSha256(), in.GetOrganizationId())
	if fault.CodeOf(err) == fault.CodeNotFound {
		return store.Holder{}, noToken()
	}
	if err != nil {
		return store.Holder{}, err
	}
	if holder.Stale {
		if err := h.store.TouchToken(ctx, who, holder.Token); err != nil {
			h.log.DebugContext(ctx, "access.token_not_touched", "token", holder.Token, "error", err)
		}
	}
	return holder, nil
}

// noToken is the one answer to all tokens that are none.
func noToken() error { return fault.Unauthenticated("Errors.Token.Invalid").WithID(idTokenInvalid) }

// sees reports whether the organization exists for the holder. An inactive one
// does only for roles of the instance, which can open it again.
func sees(h store.Holder) bool {
	return h.Organization != "" && (len(h.InstanceRoles) > 0 || h.OrganizationActive && len(h.OrganizationRoles) > 0)
}

func principal(in tenant.ID, h store.Holder) *accessv1.Principal {
	if !h.OrganizationActive && len(h.InstanceRoles) == 0 { // his own, which was closed
		h.Organization, h.OrganizationRoles = "", nil
	}
	held := slices.Concat(h.InstanceRoles, h.OrganizationRoles)
	p := &accessv1.Principal{
		Tenant:              string(in),
		PersonId:            string(h.ID),
		Email:               h.Email,
		Name:                h.Name,
		Kind:                accessv1.PersonKind_PERSON_KIND_HUMAN,
		OrganizationId:      string(h.Organization),
		Roles:               names(role.Distinct(held)),
		InstancePermissions: names(role.Granted(h.InstanceRoles)),
	}
	if h.Kind == store.Machine {
		p.Kind = accessv1.PersonKind_PERSON_KIND_SERVICE
	}
	if h.Organization != "" {
		p.OrganizationPermissions = names(role.Granted(held))
	}
	return p
}

func names[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, name := range list {
		out[i] = string(name)
	}
	return out
}
