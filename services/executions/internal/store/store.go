// Package store keeps executions and the catalog in Postgres, schema
// "executions". Every statement is scoped by tenant.
package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/executions/internal/chain"
)

// Store reads and writes the tables.
type Store struct {
	db *pg.Pool
}

// New returns a store on the service's pool.
func New(db *pg.Pool) *Store { return &Store{db: db} }

// Tx is a change in progress.
type Tx struct{ tx pgx.Tx }

// Pgx returns the transaction itself, for the feed and the approval door.
func (x *Tx) Pgx() pgx.Tx { return x.tx }

// Tx runs fn in a transaction, again when it lost a race: fn must change
// nothing but through its Tx.
func (s *Store) Tx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return pg.Translate(s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return fn(ctx, &Tx{tx: tx}) }))
}

// Execution is a stored execution.
type Execution struct {
	ConditionID string
	Kind        string
	CreatedAt   time.Time
	ChangedAt   time.Time
	Entries     []chain.Entry
}

// entriesOf aggregates the entries of execution e, in order, into two arrays
// of equal length. It uses the primary key of entries.
const entriesOf = `(SELECT coalesce(array_agg(coalesce(target_id, '') ORDER BY position), '{}')
	FROM entries WHERE tenant = e.tenant AND condition_id = e.condition_id),
	(SELECT coalesce(array_agg(coalesce(include_id, '') ORDER BY position), '{}')
	FROM entries WHERE tenant = e.tenant AND condition_id = e.condition_id)`

const selectExecution = `SELECT e.condition_id, e.kind, e.created_at, e.changed_at, ` + entriesOf + ` FROM executions e`

// scanExecution reads a row of selectExecution.
func scanExecution(row pgx.CollectableRow) (Execution, error) {
	var e Execution
	var targets, includes []string
	if err := row.Scan(&e.ConditionID, &e.Kind, &e.CreatedAt, &e.ChangedAt, &targets, &includes); err != nil {
		return Execution{}, err
	}
	e.Entries = make([]chain.Entry, len(targets))
	for i := range targets {
		e.Entries[i] = chain.Entry{Target: chain.TargetID(targets[i]), Include: includes[i]}
	}
	return e, nil
}

const sqlGetExecutions = selectExecution + ` WHERE e.tenant = $1 AND e.condition_id = ANY($2)`

// GetExecutions returns those of the named executions that exist.
func (s *Store) GetExecutions(ctx context.Context, tenant string, conditionIDs []string) ([]Execution, error) {
	rows, err := s.db.Query(ctx, sqlGetExecutions, tenant, conditionIDs)
	if err != nil {
		return nil, pg.Translate(err)
	}
	found, err := pgx.CollectRows(rows, scanExecution)
	return found, pg.Translate(err)
}

// Closure is Unfolding without what only owners need.
func (s *Store) Closure(ctx context.Context, tenant string, conditionIDs []string) (map[string]chain.Execution, error) {
	found, err := s.Unfolding(ctx, tenant, conditionIDs)
	if err != nil {
		return nil, err
	}
	all := make(map[string]chain.Execution, len(found))
	for id, e := range found {
		all[id] = e.Chain()
	}
	return all, nil
}

// Unfolding returns the executions that exist among conditionIDs, and
// everything they include, directly or through others: what it takes to
// flatten any of them.
func (s *Store) Unfolding(ctx context.Context, tenant string, conditionIDs []string) (map[string]Execution, error) {
	all := map[string]Execution{}
	wanted := conditionIDs
	for range chain.MaxIncludeHops + 1 {
		if len(wanted) == 0 {
			break
		}
		found, err := s.GetExecutions(ctx, tenant, wanted)
		if err != nil {
			return nil, err
		}
		wanted = nil
		for _, e := range found {
			all[e.ConditionID] = e
		}
		for _, e := range found {
			for _, entry := range e.Entries {
				if _, known := all[entry.Include]; entry.Include != "" && !known {
					wanted = append(wanted, entry.Include)
				}
			}
		}
	}
	return all, nil
}

// Chains looks up executions in a map of them.
func Chains(all map[string]Execution) chain.Executions {
	return func(id string) (chain.Execution, bool) {
		e, ok := all[id]
		return e.Chain(), ok
	}
}

// Chain is what package chain calls an execution.
func (e Execution) Chain() chain.Execution {
	return chain.Execution{ConditionID: e.ConditionID, Entries: e.Entries}
}

const sqlDropTargets = `DELETE FROM entries WHERE tenant = $1 AND target_id = ANY($2)` // entries_target

// DropTargets takes deleted targets out of every execution. What is left empty
// stays as a noop.
func (s *Store) DropTargets(ctx context.Context, tenant string, targetIDs []string) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlLockTenant, tenant); err != nil { // or it would deadlock with a setter of the same lines
			return err
		}
		_, err := tx.Exec(ctx, sqlDropTargets, tenant, targetIDs)
		return err
	})
}
