package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/changefeed"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/flow"
)

const (
	ensureFlow = `INSERT INTO flows (tenant_id, organization_id, flow_type, sequence, created_at, changed_at)
VALUES ($1, $2, $3, 0, now(), now()) ON CONFLICT DO NOTHING`

	getFlow = `SELECT sequence, created_at, changed_at FROM flows WHERE tenant_id = $1 AND organization_id = $2 AND flow_type = $3`

	lockFlow = getFlow + ` FOR UPDATE`

	lockFlows = `SELECT FROM flows WHERE tenant_id = $1 AND organization_id = $2 ORDER BY flow_type FOR UPDATE`

	updateFlow = `UPDATE flows SET sequence = $4, created_at = $5, changed_at = $6 WHERE tenant_id = $1 AND organization_id = $2 AND flow_type = $3`

	listBindings = `SELECT trigger_type, array_agg(action_id ORDER BY position) FROM flow_actions
WHERE tenant_id = $1 AND organization_id = $2 AND flow_type = $3 GROUP BY trigger_type`

	// Of trigger 0: of all.
	listBoundActions = `SELECT b.trigger_type, ` + actionColumns + ` FROM flow_actions b JOIN ` + actionTables + ` ON a.id = b.action_id
WHERE b.tenant_id = $1 AND b.organization_id = $2 AND b.flow_type = $3 AND ($4 = 0 OR b.trigger_type = $4) ORDER BY b.trigger_type, b.position`

	deleteBindings = `DELETE FROM flow_actions WHERE tenant_id = $1 AND organization_id = $2 AND flow_type = $3 AND trigger_type = $4`

	insertBindings = `INSERT INTO flow_actions (tenant_id, organization_id, flow_type, trigger_type, position, action_id)
SELECT $1, $2, $3, $4, b.position, b.action_id FROM unnest($5::text[]) WITH ORDINALITY AS b (action_id, position)`

	unbindAction = `WITH gone AS (DELETE FROM flow_actions WHERE action_id = $3 RETURNING flow_type)
UPDATE flows SET sequence = sequence + 1, changed_at = $4
WHERE tenant_id = $1 AND organization_id = $2 AND flow_type IN (SELECT flow_type FROM gone) RETURNING flow_type`
)

// BoundActions are the actions of a flow's triggers, in the order they run.
type BoundActions map[flow.Trigger][]action.Action

// Flow returns a flow, its Bindings left out, and the actions bound to it.
func (s *Store) Flow(ctx context.Context, in Scope, of flow.Type) (f flow.Flow, bound BoundActions, err error) {
	err = s.read(ctx, func(tx pgx.Tx) error {
		if f, err = queryFlow(ctx, tx, getFlow, in, of); err != nil {
			return err
		}
		bound, err = boundActions(ctx, tx, in, of, 0)
		return err
	})
	return f, bound, err
}

// LockFlow returns a flow for somebody about to change it.
func (t *Tx) LockFlow(ctx context.Context, in Scope, of flow.Type) (flow.Flow, error) {
	if _, err := t.tx.Exec(ctx, ensureFlow, in.Tenant, in.Organization, of); err != nil {
		return flow.Flow{}, fmt.Errorf("ensure flow %d: %w", of, err)
	}
	f, err := queryFlow(ctx, t.tx, lockFlow, in, of)
	if err != nil {
		return f, err
	}
	f.Bindings, err = bindings(ctx, t.tx, in, of)
	return f, err
}

// SaveFlow stores a flow, which is locked, and the actions of those of its
// triggers that changed; the actions are locked too.
func (t *Tx) SaveFlow(ctx context.Context, in Scope, f flow.Flow, changed ...flow.Trigger) error {
	for _, trigger := range changed {
		if _, err := t.tx.Exec(ctx, deleteBindings, in.Tenant, in.Organization, f.Type, trigger); err != nil {
			return fmt.Errorf("empty trigger %d of flow %d: %w", trigger, f.Type, err)
		}
		if _, err := t.tx.Exec(ctx, insertBindings, in.Tenant, in.Organization, f.Type, trigger, f.Bindings[trigger]); err != nil {
			return fmt.Errorf("fill trigger %d of flow %d: %w", trigger, f.Type, err)
		}
	}
	_, err := t.tx.Exec(ctx, updateFlow, in.Tenant, in.Organization, f.Type, f.Sequence, f.Created, f.Changed)
	if err != nil {
		return fmt.Errorf("update flow %d: %w", f.Type, err)
	}
	return t.announceFlow(ctx, f.Type, f.Changed)
}

// unbind takes an action, which is locked, out of its organization's flows.
func (t *Tx) unbind(ctx context.Context, in Scope, id action.ID, now time.Time) error {
	if _, err := t.tx.Exec(ctx, lockFlows, in.Tenant, in.Organization); err != nil {
		return fmt.Errorf("lock flows: %w", err)
	}
	rows, err := t.tx.Query(ctx, unbindAction, in.Tenant, in.Organization, id, now)
	if err != nil {
		return fmt.Errorf("unbind action %s: %w", id, err)
	}
	changed, err := pgx.CollectRows(rows, pgx.RowTo[flow.Type])
	if err != nil {
		return fmt.Errorf("unbind action %s: %w", id, err)
	}
	slices.Sort(changed)
	for _, f := range changed {
		if err := t.announceFlow(ctx, f, now); err != nil {
			return err
		}
	}
	return nil
}

// announceFlow adds a flow's change to the feed. Its id there is its type's;
// the organization is the change's own.
func (t *Tx) announceFlow(ctx context.Context, of flow.Type, now time.Time) error {
	return changefeed.Add(ctx, t.tx, flowResource, of.ID(), changesv1.Operation_OPERATION_CHANGED, now)
}

// queryFlow returns a flow without bindings; one that was never touched has
// only its type.
func queryFlow(ctx context.Context, tx pgx.Tx, sql string, in Scope, of flow.Type) (flow.Flow, error) {
	f := flow.Flow{Type: of}
	err := tx.QueryRow(ctx, sql, in.Tenant, in.Organization, of).Scan(&f.Sequence, &f.Created, &f.Changed)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return f, fmt.Errorf("get flow %d: %w", of, err)
	}
	f.Created, f.Changed = f.Created.UTC(), f.Changed.UTC()
	return f, nil
}

// bindings returns the ids of a flow's actions.
func bindings(ctx context.Context, tx pgx.Tx, in Scope, of flow.Type) (map[flow.Trigger][]action.ID, error) {
	rows, err := tx.Query(ctx, listBindings, in.Tenant, in.Organization, of)
	if err != nil {
		return nil, fmt.Errorf("list bindings of flow %d: %w", of, err)
	}
	found := map[flow.Trigger][]action.ID{}
	var trigger flow.Trigger
	var ids []action.ID
	_, err = pgx.ForEachRow(rows, []any{&trigger, &ids}, func() error {
		found[trigger] = slices.Clone(ids)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list bindings of flow %d: %w", of, err)
	}
	return found, nil
}

// boundActions returns the actions of one of a flow's triggers, or of all, in
// full.
func boundActions(ctx context.Context, tx pgx.Tx, in Scope, of flow.Type, only flow.Trigger) (BoundActions, error) {
	rows, err := tx.Query(ctx, listBoundActions, in.Tenant, in.Organization, of, only)
	if err != nil {
		return nil, fmt.Errorf("list actions of flow %d: %w", of, err)
	}
	bound := BoundActions{}
	var trigger flow.Trigger
	var fields actionFields
	_, err = pgx.ForEachRow(rows, append([]any{&trigger}, fields.targets()...), func() error {
		bound[trigger] = append(bound[trigger], fields.action())
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list actions of flow %d: %w", of, err)
	}
	return bound, nil
}
