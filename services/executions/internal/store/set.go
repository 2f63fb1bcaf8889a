package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/services/executions/internal/chain"
)

// sqlLockTenant makes the setters of one tenant wait for each other: whether
// an include is allowed depends on all of its executions.
const sqlLockTenant = `SELECT pg_advisory_xact_lock(hashtextextended($1, 1))`

// sqlGetGraph reads the executions that a list may touch: those it names, and
// all that include another or are included by one.
const sqlGetGraph = selectExecution + ` WHERE e.tenant = $1 AND (e.condition_id = ANY($2) OR e.condition_id IN (
	SELECT unnest(ARRAY[condition_id, include_id]) FROM entries WHERE tenant = $1 AND include_id IS NOT NULL))` // entries_include

const sqlPutExecution = `INSERT INTO executions (tenant, condition_id, kind, created_at, changed_at)
	VALUES ($1, $2, $3, $4, $4)
	ON CONFLICT (tenant, condition_id) DO UPDATE SET changed_at = excluded.changed_at
	RETURNING created_at, changed_at`

const sqlDeleteEntries = `DELETE FROM entries WHERE tenant = $1 AND condition_id = $2`

const sqlPutEntries = `INSERT INTO entries (tenant, condition_id, position, target_id, include_id)
	SELECT $1, $2, n, nullif(target_id, ''), nullif(include_id, '')
	FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS line (target_id, include_id, n)`

// Setting is an execution that is about to be set.
type Setting struct {
	Tenant string
	Kind   string
	Root   chain.Execution
	Limits chain.Limits
	Now    time.Time
	// Same reports that what is stored is what Root asks for.
	Same    func(stored chain.Execution, executions chain.Executions) bool
	Changed func(ctx context.Context, tx pgx.Tx, created bool) error // announces the change within the transaction
}

// Set stores an execution in place of what there was, unless nothing changes,
// and returns it as it then is. The rules about includes are checked on what
// the transaction itself sees.
func (x *Tx) Set(ctx context.Context, in Setting) (Execution, error) {
	if err := x.lock(ctx, in.Tenant); err != nil {
		return Execution{}, err
	}
	graph, err := readGraph(ctx, x.tx, in)
	if err != nil {
		return Execution{}, err
	}
	old, exists := graph[in.Root.ConditionID]
	if exists && in.Same(old.Chain(), Chains(graph)) {
		return old, nil
	}
	if err := checkIncludes(in, graph); err != nil {
		return Execution{}, err
	}
	out, err := put(ctx, x.tx, in)
	if err != nil {
		return Execution{}, err
	}
	return out, in.Changed(ctx, x.tx, !exists)
}

// Locked returns an execution that nobody else changes until the transaction
// ends, and whether there is one.
func (x *Tx) Locked(ctx context.Context, tenant, conditionID string) (Execution, bool, error) {
	if err := x.lock(ctx, tenant); err != nil {
		return Execution{}, false, err
	}
	rows, err := x.tx.Query(ctx, sqlGetExecutions, tenant, []string{conditionID})
	if err != nil {
		return Execution{}, false, err
	}
	found, err := pgx.CollectRows(rows, scanExecution)
	if err != nil || len(found) == 0 {
		return Execution{}, false, err
	}
	return found[0], true, nil
}

func (x *Tx) lock(ctx context.Context, tenant string) error {
	_, err := x.tx.Exec(ctx, sqlLockTenant, tenant)
	return err
}

func readGraph(ctx context.Context, tx pgx.Tx, in Setting) (map[string]Execution, error) {
	named := []string{in.Root.ConditionID}
	for _, entry := range in.Root.Entries {
		if entry.Include != "" {
			named = append(named, entry.Include)
		}
	}
	rows, err := tx.Query(ctx, sqlGetGraph, in.Tenant, named)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, scanExecution)
	if err != nil {
		return nil, err
	}
	graph := make(map[string]Execution, len(all))
	for _, e := range all {
		graph[e.ConditionID] = e
	}
	return graph, nil
}

func checkIncludes(in Setting, graph map[string]Execution) error {
	includers := map[string][]string{}
	for id, e := range graph {
		for _, entry := range e.Entries {
			if entry.Include != "" {
				includers[entry.Include] = append(includers[entry.Include], id)
			}
		}
	}
	return chain.CheckIncludes(in.Root, in.Limits, Chains(graph), func(id string) []string { return includers[id] })
}

func put(ctx context.Context, tx pgx.Tx, in Setting) (Execution, error) {
	out := Execution{ConditionID: in.Root.ConditionID, Kind: in.Kind, Entries: in.Root.Entries}
	err := tx.QueryRow(ctx, sqlPutExecution, in.Tenant, in.Root.ConditionID, in.Kind, in.Now).Scan(&out.CreatedAt, &out.ChangedAt)
	if err != nil {
		return Execution{}, err
	}
	targets := make([]string, len(in.Root.Entries))
	includes := make([]string, len(in.Root.Entries))
	for i, entry := range in.Root.Entries {
		targets[i], includes[i] = string(entry.Target), entry.Include
	}
	if _, err := tx.Exec(ctx, sqlDeleteEntries, in.Tenant, in.Root.ConditionID); err != nil {
		return Execution{}, err
	}
	_, err = tx.Exec(ctx, sqlPutEntries, in.Tenant, in.Root.ConditionID, targets, includes)
	return out, err
}
