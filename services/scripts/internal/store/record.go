package store

import (
	"context"
	"fmt"
	"time"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/scripts/internal/journal"
)

// Index: invocations_pkey decides about entries whose first transaction was
// committed without our hearing of it.
const insertEntries = `INSERT INTO invocations
    (id, tenant_id, organization_id, action_id, action_name, version, flow, trigger, run_id, started_at, duration_nanos, cpu_nanos,
     peak_memory, result, error_kind, error, error_line, error_column, allowed_to_fail, logs, logs_truncated, calls)
SELECT id, tenant_id, organization_id, action_id, action_name, version, flow, trigger, run_id, started_at, duration_nanos, cpu_nanos,
     peak_memory, result, error_kind, error, error_line, error_column, allowed_to_fail, logs::json, logs_truncated, calls::json
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::smallint[], $8::smallint[], $9::text[],
    $10::timestamptz[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[], $15::text[], $16::text[], $17::int[], $18::int[],
    $19::boolean[], $20::text[], $21::boolean[], $22::text[])
    AS g (id, tenant_id, organization_id, action_id, action_name, version, flow, trigger, run_id, started_at, duration_nanos, cpu_nanos,
     peak_memory, result, error_kind, error, error_line, error_column, allowed_to_fail, logs, logs_truncated, calls)
ON CONFLICT (id) DO NOTHING`

// Record stores entries. One that is there already is left out, and that is no
// error.
func (s *Store) Record(ctx context.Context, entries []journal.Entry) error {
	rows, err := columns(entries)
	if err != nil {
		return fmt.Errorf("record invocations: %w", err)
	}
	if _, err := s.db.Exec(ctx, insertEntries, rows...); err != nil {
		return fmt.Errorf("record invocations: %w", pg.Translate(err))
	}
	return nil
}

// columns returns the arguments of insertEntries: an array for each column.
func columns(entries []journal.Entry) ([]any, error) {
	n := len(entries)
	ids, tenants, organizations := make([]int64, n), make([]string, n), make([]string, n)
	actions, names, versions := make([]string, n), make([]string, n), make([]int64, n)
	flows, triggers, runs := make([]int16, n), make([]int16, n), make([]string, n)
	started, durations, cpus, memories := make([]time.Time, n), make([]int64, n), make([]int64, n), make([]int64, n)
	results, kinds, errs := make([]string, n), make([]string, n), make([]string, n)
	lines, cols, allowed := make([]int32, n), make([]int32, n), make([]bool, n)
	logs, truncated, calls := make([]*string, n), make([]bool, n), make([]*string, n)
	for i := range entries {
		e := &entries[i]
		ids[i], tenants[i], organizations[i] = int64(e.ID), clean(e.Tenant), clean(e.Organization)
		actions[i], names[i], versions[i] = clean(e.ActionID), clean(e.ActionName), int64(e.Version)
		flows[i], triggers[i], runs[i] = int16(e.Trigger.Flow), int16(e.Trigger.Type), clean(e.RunID)
		started[i], durations[i], cpus[i], memories[i] = e.Started, int64(e.Duration), int64(e.CPU), e.PeakMemory
		results[i], kinds[i], errs[i] = string(e.Outcome), e.Failure.Kind, clean(e.Failure.Message)
		lines[i], cols[i], allowed[i] = int32(e.Failure.Line), int32(e.Failure.Column), e.AllowedToFail
		truncated[i] = e.LogsTruncated
		var err error
		if logs[i], err = encode(e.Logs, rowOfLog); err != nil {
			return nil, fmt.Errorf("encode the logs of %s: %w", e.ID, err)
		}
		if calls[i], err = encode(e.Calls, rowOfCall); err != nil {
			return nil, fmt.Errorf("encode the calls of %s: %w", e.ID, err)
		}
	}
	return []any{
		ids, tenants, organizations, actions, names, versions, flows, triggers, runs, started, durations, cpus, memories,
		results, kinds, errs, lines, cols, allowed, logs, truncated, calls,
	}, nil
}
