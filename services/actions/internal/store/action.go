package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// Names in the change feed.
const (
	actionResource = "action"
	flowResource   = "flow"
)

// nameConstraint keeps names apart within an organization.
const nameConstraint = "actions_name"

// idAttempts is how many ids a new action tries; see package ident for why one
// may be taken.
const idAttempts = 5

const (
	// Index: action_versions_pkey.
	actionColumns = `a.id, a.organization_id, a.name, v.script, a.timeout_ns, a.allowed_to_fail, a.version,
    greatest(a.latest_version, (SELECT max(version) FROM action_versions WHERE action_id = a.id)), a.state, a.sequence, a.created_at, a.changed_at`

	actionTables = `actions a JOIN action_versions v ON v.action_id = a.id AND v.version = a.version`

	getAction = `SELECT ` + actionColumns + ` FROM ` + actionTables + ` WHERE a.tenant_id = $1 AND a.organization_id = $2 AND a.id = $3`

	getTenantAction = `SELECT ` + actionColumns + ` FROM ` + actionTables + ` WHERE a.tenant_id = $1 AND a.id = $2`

	lockAction = `SELECT FROM actions WHERE tenant_id = $1 AND organization_id = $2 AND id = $3 FOR UPDATE`

	lockActionsExist = `SELECT id FROM actions WHERE tenant_id = $1 AND organization_id = $2 AND id = ANY($3) ORDER BY id FOR KEY SHARE`

	insertAction = `INSERT INTO actions (tenant_id, organization_id, id, name, name_key, version, latest_version, timeout_ns, allowed_to_fail, state, sequence, created_at, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (id) DO NOTHING`

	updateAction = `UPDATE actions SET name = $2, name_key = $3, version = $4, latest_version = $5, timeout_ns = $6, allowed_to_fail = $7, state = $8, sequence = $9, changed_at = $10
WHERE id = $1`

	deleteAction = `DELETE FROM actions WHERE id = $1`
)

// Action returns an action, action.ErrNotFound where the scope has none of that
// id.
func (s *Store) Action(ctx context.Context, in Scope, id action.ID) (action.Action, error) {
	return queryAction(ctx, s.pool, id, getAction, in.Tenant, in.Organization, id)
}

// LockAction is Action for somebody about to change it.
//
// To lock and to read are two statements. In one, a lock that had to wait would
// join the action as it became with the script version as it was, find that
// they do not match, and return nothing.
func (t *Tx) LockAction(ctx context.Context, in Scope, id action.ID) (action.Action, error) {
	if !ident.IsSnowflake(string(id)) {
		return action.Action{}, action.ErrNotFound
	}
	if _, err := t.tx.Exec(ctx, lockAction, in.Tenant, in.Organization, id); err != nil {
		return action.Action{}, fmt.Errorf("lock action %s: %w", id, err)
	}
	return queryAction(ctx, t.tx, id, getAction, in.Tenant, in.Organization, id)
}

// LockExisting returns which of ids exist in the scope, each once, and keeps
// them from being deleted until the transaction ends.
func (t *Tx) LockExisting(ctx context.Context, in Scope, ids []action.ID) ([]action.ID, error) {
	var candidates []action.ID
	for _, id := range ids {
		if ident.IsSnowflake(string(id)) { // nothing else was ever given out, and not every text can be asked for
			candidates = append(candidates, id)
		}
	}
	if len(candidates) == 0 {
		return nil, nil
	}
	rows, err := t.tx.Query(ctx, lockActionsExist, in.Tenant, in.Organization, candidates)
	if err != nil {
		return nil, fmt.Errorf("lock %d actions: %w", len(candidates), err)
	}
	existing, err := pgx.CollectRows(rows, pgx.RowTo[action.ID])
	if err != nil {
		return nil, fmt.Errorf("lock %d actions: %w", len(candidates), err)
	}
	return existing, nil
}

// CreateAction stores a new action under an id of next, and returns it with the
// id. It needs its first version before the transaction ends.
// action.ErrNameTaken: its organization has one of that name.
func (t *Tx) CreateAction(ctx context.Context, in Scope, a action.Action, next func() string) (action.Action, error) {
	if err := t.insertAction(ctx, in, &a, next); err != nil {
		return a, fmt.Errorf("insert action %s: %w", a.ID, translate(err))
	}
	return a, t.announceAction(ctx, a.ID, changesv1.Operation_OPERATION_CREATED, a.Created)
}

func (t *Tx) insertAction(ctx context.Context, in Scope, a *action.Action, next func() string) error {
	for range idAttempts {
		a.ID = action.ID(next())
		tag, err := t.tx.Exec(ctx, insertAction, in.Tenant, in.Organization, a.ID, a.Name, action.FoldName(a.Name), a.Version, a.Latest,
			a.Timeout, a.AllowedToFail, a.State, a.Sequence, a.Created, a.Changed)
		if err != nil || tag.RowsAffected() == 1 {
			return err
		}
	}
	return fault.Unavailable("no free id was found")
}

// SaveAction replaces an action, which is locked, and announces a change of it
// at now, be it of what is kept beside it. action.ErrNameTaken: the
// organization has another of that name.
func (t *Tx) SaveAction(ctx context.Context, a action.Action, now time.Time) error {
	_, err := t.tx.Exec(ctx, updateAction, a.ID, a.Name, action.FoldName(a.Name), a.Version, a.Latest,
		a.Timeout, a.AllowedToFail, a.State, a.Sequence, a.Changed)
	if err != nil {
		return fmt.Errorf("update action %s: %w", a.ID, translate(err))
	}
	return t.announceAction(ctx, a.ID, changesv1.Operation_OPERATION_CHANGED, now)
}

// announceAction adds an action's change to the feed; of no id, one of all
// actions of the change's organization.
func (t *Tx) announceAction(ctx context.Context, id action.ID, op changesv1.Operation, now time.Time) error {
	return changefeed.Add(ctx, t.tx, actionResource, string(id), op, now)
}

// DeleteAction deletes an action, which is locked, with its versions and secrets,
// and takes it out of every flow. The flows that lose it change too.
func (t *Tx) DeleteAction(ctx context.Context, in Scope, id action.ID, now time.Time) error {
	if err := t.unbind(ctx, in, id, now); err != nil {
		return err
	}
	if _, err := t.tx.Exec(ctx, deleteAction, id); err != nil {
		return fmt.Errorf("delete action %s: %w", id, err)
	}
	return t.announceAction(ctx, id, changesv1.Operation_OPERATION_DELETED, now)
}

// querier is what both a pool and a transaction can do.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// queryAction returns the action that a query for one finds.
func queryAction(ctx context.Context, q querier, id action.ID, sql string, args ...any) (action.Action, error) {
	if !ident.IsSnowflake(string(id)) { // nothing else was ever given out, and not every text can be asked for
		return action.Action{}, action.ErrNotFound
	}
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return action.Action{}, fmt.Errorf("get action %s: %w", id, pg.Translate(err))
	}
	a, err := pgx.CollectExactlyOneRow(rows, scanAction)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return a, action.ErrNotFound
	case err != nil:
		return a, fmt.Errorf("get action %s: %w", id, pg.Translate(err))
	}
	return a, nil
}

// scanAction reads actionColumns.
func scanAction(row pgx.CollectableRow) (action.Action, error) {
	var f actionFields
	err := row.Scan(f.targets()...)
	return f.action(), err
}

// actionFields is a row of actionColumns while it is read.
type actionFields struct {
	read   action.Action
	script []byte
}

// targets returns where to scan actionColumns to.
func (f *actionFields) targets() []any {
	a := &f.read
	return []any{&a.ID, &a.Organization, &a.Name, &f.script, &a.Timeout, &a.AllowedToFail, &a.Version, &a.Latest, &a.State, &a.Sequence, &a.Created, &a.Changed}
}

// action returns what was read.
func (f *actionFields) action() action.Action {
	a := f.read
	a.Script, a.Created, a.Changed = string(f.script), a.Created.UTC(), a.Changed.UTC()
	return a
}

// translate names a taken name for what it is.
func translate(err error) error {
	var server *pgconn.PgError
	if errors.As(err, &server) && server.ConstraintName == nameConstraint {
		return action.ErrNameTaken
	}
	return pg.Translate(err)
}
