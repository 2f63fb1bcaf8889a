package access

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/access/internal/role"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// gated is a change as the approval door knows it. The zero value is for what
// waits for nobody's approval.
type gated = approval.Change[*store.Tx]

// What people see of what is about to change, and what must not have moved when
// an approved change is carried out.
type (
	personState struct {
		Email string      `json:"email"`
		ID    string      `json:"id"`
		Kind  string      `json:"kind"`
		Name  string      `json:"name"`
		Roles []heldState `json:"roles"`
		State string      `json:"state"`
	}
	heldState struct {
		Organization string      `json:"organization"` // "": the instance
		Roles        []role.Role `json:"roles"`
	}
	memberState struct {
		Email string      `json:"email"`
		ID    string      `json:"id"`
		Name  string      `json:"name"`
		Roles []role.Role `json:"roles"`
	}
	organizationState struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		State string `json:"state"`
	}
)

// gatedPerson is a change of a person and of all that he holds.
func gatedPerson(id string) gated {
	return gated{EntityType: "person", EntityID: id, Harmless: approval.Unchanged, State: func(ctx context.Context, tx *store.Tx) ([]byte, error) {
		p, found, err := lockedPerson(ctx, tx, id)
		if err != nil || !found {
			return nil, err
		}
		memberships, err := tx.Memberships(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		s := personState{ID: id, Kind: string(p.Kind), Name: p.Name, Email: p.Email, State: string(p.State)}
		for _, m := range memberships {
			s.Roles = append(s.Roles, heldState{Organization: string(m.Organization), Roles: m.Roles})
		}
		return stateText(s)
	}}
}

// gatedMember is a change of the roles that a person holds in an organization,
// or in the instance where that is "".
func gatedMember(id string, in tenant.OrganizationID) gated {
	return gated{EntityType: "member", EntityID: id, Harmless: approval.Unchanged, State: func(ctx context.Context, tx *store.Tx) ([]byte, error) {
		p, found, err := lockedPerson(ctx, tx, id)
		if err != nil || !found {
			return nil, err
		}
		m, err := memberNow(ctx, tx, p.ID, in)
		if err != nil {
			return nil, err
		}
		return stateText(memberState{ID: id, Name: p.Name, Email: p.Email, Roles: m.Roles})
	}}
}

// gatedOrganization is a change of an organization.
func gatedOrganization(id tenant.OrganizationID) gated {
	return gated{EntityType: "organization", EntityID: string(id), Harmless: approval.Unchanged, State: func(ctx context.Context, tx *store.Tx) ([]byte, error) {
		o, err := tx.LockOrganization(ctx, id)
		if fault.CodeOf(err) == fault.CodeNotFound {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return stateText(organizationState{ID: string(o.ID), Name: o.Name, State: string(o.State)})
	}}
}

// lockedPerson returns a person, and whether there is one.
func lockedPerson(ctx context.Context, tx *store.Tx, raw string) (p store.Person, found bool, err error) {
	id, err := personOf(raw)
	if err == nil {
		p, err = tx.LockPerson(ctx, id)
	}
	if fault.CodeOf(err) == fault.CodeNotFound {
		return store.Person{}, false, nil
	}
	return p, err == nil, err
}

func stateText(state any) ([]byte, error) {
	text, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("encode the state of a change: %w", err)
	}
	return text, nil
}
