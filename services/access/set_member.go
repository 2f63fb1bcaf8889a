package access

import (
	"context"
	"slices"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/role"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// SetMember replaces the roles that a person holds in an organization.
func (h *handlers) SetMember(ctx context.Context, in *actionplanev1.SetMemberRequest) (*actionplanev1.SetMemberResponse, error) {
	organization, err := organizationOf(in.GetOrganizationId())
	if err != nil {
		return nil, err
	}
	roles, err := rolesOf(in.GetRoles(), false)
	if err != nil {
		return nil, err
	}
	member, err := h.replaceRoles(ctx, in.GetPersonId(), organization, roles)
	if err != nil {
		return nil, err
	}
	return &actionplanev1.SetMemberResponse{Member: memberToProto(member)}, nil
}

// RemoveMember takes all roles in an organization from a person.
func (h *handlers) RemoveMember(ctx context.Context, in *actionplanev1.RemoveMemberRequest) (*actionplanev1.RemoveMemberResponse, error) {
	organization, err := organizationOf(in.GetOrganizationId())
	if err != nil {
		return nil, err
	}
	if _, err := h.replaceRoles(ctx, in.GetPersonId(), organization, nil); err != nil {
		return nil, err
	}
	return &actionplanev1.RemoveMemberResponse{}, nil
}

// SetInstanceMember replaces the roles that a person holds in the instance.
func (h *handlers) SetInstanceMember(ctx context.Context, in *actionplanev1.SetInstanceMemberRequest) (*actionplanev1.SetInstanceMemberResponse, error) {
	roles, err := rolesOf(in.GetRoles(), true)
	if err != nil {
		return nil, err
	}
	member, err := h.replaceRoles(ctx, in.GetPersonId(), "", roles)
	if err != nil {
		return nil, err
	}
	return &actionplanev1.SetInstanceMemberResponse{Member: memberToProto(member)}, nil
}

// RemoveInstanceMember takes all roles in the instance from a person.
func (h *handlers) RemoveInstanceMember(ctx context.Context, in *actionplanev1.RemoveInstanceMemberRequest) (*actionplanev1.RemoveInstanceMemberResponse, error) {
	if _, err := h.replaceRoles(ctx, in.GetPersonId(), "", nil); err != nil {
		return nil, err
	}
	return &actionplanev1.RemoveInstanceMemberResponse{}, nil
}

// rolesOf reads roles of the instance, or of an organization.
func rolesOf(names []string, ofInstance bool) ([]role.Role, error) {
	roles := make([]role.Role, 0, len(names))
	for i, name := range names {
		r := role.Role(name)
		if !r.Exists() || r.OfInstance() != ofInstance {
			return nil, fault.Invalid("roles[%d]: %q is no role that can be held here", i, name)
		}
		roles = append(roles, r)
	}
	return role.Distinct(roles), nil
}

// replaceRoles is the one way in which callers change roles. It gives a person
// exactly these in an organization, or in the instance where that is "", and
// returns him as a member, the zero value where he is none then. Where nothing
// differs, nothing happens.
func (h *handlers) replaceRoles(ctx context.Context, raw string, in tenant.OrganizationID, after []role.Role) (member store.Member, err error) {
	id, err := personOf(raw)
	if err != nil {
		return store.Member{}, err
	}
	err = h.mutatePeople(ctx, gatedMember(raw, in), func(ctx context.Context, tx *store.Tx) (err error) {
		if err := mayHold(ctx, tx, id, in); err != nil {
			return err
		}
		if member, err = memberNow(ctx, tx, id, in); err != nil || slices.Equal(member.Roles, after) {
			return err
		}
		if err := callerOf(ctx).mayReplace(in, member.Roles, after); err != nil {
			return err
		}
		err = keepOwner(ctx, tx, func() error { return tx.ReplaceRoles(ctx, id, in, after) })
		if err != nil {
			return err
		}
		if member, err = memberNow(ctx, tx, id, in); err != nil {
			return err
		}
		return tx.Announce(ctx, store.ResourceMember, string(id), in, changesv1.Operation_OPERATION_CHANGED)
	})
	return member, err
}

// mayHold refuses people and organizations that do not exist.
func mayHold(ctx context.Context, tx *store.Tx, id tenant.PersonID, in tenant.OrganizationID) error {
	if in != "" {
		if _, err := tx.LockOrganization(ctx, in); err != nil {
			return orNoOrganization(err)
		}
	}
	_, err := tx.LockPerson(ctx, id)
	return orNoPerson(err)
}

// memberNow returns a person with his roles in one place, the zero value where
// he holds none.
func memberNow(ctx context.Context, tx *store.Tx, id tenant.PersonID, in tenant.OrganizationID) (store.Member, error) {
	m, err := tx.Member(ctx, id, in)
	if fault.CodeOf(err) == fault.CodeNotFound {
		return store.Member{}, nil
	}
	return m, err
}
