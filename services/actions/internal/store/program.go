package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/flow"
)

// Program is what running an action takes.
type Program struct {
	action.Action          // its content is the version's
	Secrets       []Secret // of its organization, then its own
}

// Program returns a version of an action in whichever of the tenant's
// organizations; of the number 0, the one that runs. action.ErrNotFound,
// action.ErrNoVersion.
func (s *Store) Program(ctx context.Context, in tenant.ID, id action.ID, number uint32) (p Program, err error) {
	err = s.read(ctx, func(tx pgx.Tx) error {
		if p.Action, err = queryAction(ctx, tx, id, getTenantAction, in, id); err != nil {
			return err
		}
		if number != 0 {
			v, err := queryVersion(ctx, tx, id, number)
			if err != nil {
				return err
			}
			p.Version, p.Content = v.Number, v.Content
		}
		p.Secrets, err = querySecrets(ctx, tx, Scope{Tenant: in, Organization: p.Organization}, "", id)
		return err
	})
	return p, err
}

// TriggerPrograms returns the active actions of a trigger in the order they
// run.
func (s *Store) TriggerPrograms(ctx context.Context, in Scope, of flow.Type, trigger flow.Trigger) (programs []Program, err error) {
	err = s.read(ctx, func(tx pgx.Tx) error {
		bound, err := boundActions(ctx, tx, in, of, trigger)
		if err != nil {
			return err
		}
		programs, err = activePrograms(ctx, tx, in, bound[trigger])
		return err
	})
	return programs, err
}

func activePrograms(ctx context.Context, tx pgx.Tx, in Scope, actions []action.Action) ([]Program, error) {
	var programs []Program
	ids := []action.ID{""}
	for _, a := range actions {
		if a.State == action.Active {
			programs = append(programs, Program{Action: a})
			ids = append(ids, a.ID)
		}
	}
	if programs == nil {
		return nil, nil
	}
	secrets, err := querySecrets(ctx, tx, in, ids...)
	if err != nil {
		return nil, err
	}
	for i := range programs {
		for _, s := range secrets { // the organization's come first
			if s.Action == "" || s.Action == programs[i].ID {
				programs[i].Secrets = append(programs[i].Secrets, s)
			}
		}
	}
	return programs, nil
}
