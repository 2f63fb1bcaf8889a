package store

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/journal"
)

// Scope is whose invocations are read.
type Scope struct{ Tenant, Organization string }

// Filter says which invocations are meant; its zero fields say nothing.
type Filter struct {
	ActionID string
	Outcome  journal.Outcome
	From, To time.Time // when started, To excluded
	RunID    string
	Trigger  invocation.Trigger // either part may be zero
	Before   journal.ID         // only older ones
	Limit    int
}

const (
	listed = `id, tenant_id, organization_id, action_id, action_name, version, flow, trigger, run_id, started_at, duration_nanos,
    cpu_nanos, peak_memory, result, error_kind, error, error_line, error_column, allowed_to_fail, logs_truncated`

	// Index: invocations_pkey.
	selectEntry = `SELECT ` + listed + `, logs, calls FROM invocations WHERE tenant_id = $1 AND organization_id = $2 AND id = $3`
)

// Invocation returns one with its logs and calls. CodeNotFound: there is none.
func (s *Store) Invocation(ctx context.Context, in Scope, id journal.ID) (journal.Entry, error) {
	rows, err := s.db.Query(ctx, selectEntry, clean(in.Tenant), clean(in.Organization), int64(id))
	if err != nil {
		return journal.Entry{}, fmt.Errorf("read invocation %s: %w", id, pg.Translate(err))
	}
	e, err := pgx.CollectExactlyOneRow(rows, scanWhole)
	if err != nil {
		return journal.Entry{}, fmt.Errorf("read invocation %s: %w", id, pg.Translate(err))
	}
	return e, nil
}

// Invocations returns some, newest first, without their logs and calls.
func (s *Store) Invocations(ctx context.Context, in Scope, f Filter) ([]journal.Entry, error) {
	where, args := f.where(in)
	rows, err := s.db.Query(ctx, `SELECT `+listed+` FROM invocations WHERE `+where+` ORDER BY id DESC LIMIT `+strconv.Itoa(f.Limit), args...)
	if err != nil {
		return nil, fmt.Errorf("list invocations: %w", pg.Translate(err))
	}
	found, err := pgx.CollectRows(rows, scanListed)
	if err != nil {
		return nil, fmt.Errorf("list invocations: %w", pg.Translate(err))
	}
	return found, nil
}

// where returns the conditions and their arguments. Only what is set is asked
// for, so that the planner sees which index serves: invocations_run,
// invocations_action, otherwise invocations_organization. Times become ids as
// well, which are in the indexes.
func (f Filter) where(in Scope) (string, []any) {
	var parts []string
	var args []any
	and := func(text string, value any) {
		args = append(args, value)
		parts = append(parts, text+"$"+strconv.Itoa(len(args)))
	}
	and(`tenant_id = `, clean(in.Tenant))
	and(`organization_id = `, clean(in.Organization))
	if f.RunID != "" {
		parts = append(parts, `run_id <> ''`) // the predicate of invocations_run
		and(`run_id = `, clean(f.RunID))
	}
	if f.ActionID != "" {
		and(`action_id = `, clean(f.ActionID))
	}
	if f.Outcome != "" {
		and(`result = `, string(f.Outcome))
	}
	if f.Trigger.Flow != 0 {
		and(`flow = `, int16(f.Trigger.Flow))
	}
	if f.Trigger.Type != 0 {
		and(`trigger = `, int16(f.Trigger.Type))
	}
	before := journal.ID(math.MaxInt64)
	if f.Before != 0 {
		before = f.Before
	}
	if !f.From.IsZero() {
		and(`started_at >= `, f.From)
		and(`id > `, int64(journal.Before(f.From)))
	}
	if !f.To.IsZero() {
		and(`started_at < `, f.To)
		before = min(before, journal.Before(f.To.Add(2*time.Minute)))
	}
	and(`id < `, int64(before))
	return strings.Join(parts, ` AND `), args
}

// targets returns where the columns of listed go, and what they mean then.
func targets(e *journal.Entry) (into []any, finish func()) {
	var id, version, duration, cpu int64
	var flow, trigger int16
	into = []any{
		&id, &e.Tenant, &e.Organization, &e.ActionID, &e.ActionName, &version, &flow, &trigger, &e.RunID, &e.Started, &duration,
		&cpu, &e.PeakMemory, &e.Outcome, &e.Failure.Kind, &e.Failure.Message, &e.Failure.Line, &e.Failure.Column, &e.AllowedToFail, &e.LogsTruncated,
	}
	return into, func() {
		e.ID, e.Version, e.Started = journal.ID(id), uint32(version), e.Started.UTC()
		e.Duration, e.CPU = time.Duration(duration), time.Duration(cpu)
		e.Trigger = invocation.Trigger{Flow: uint8(flow), Type: uint8(trigger)}
	}
}

func scanListed(row pgx.CollectableRow) (journal.Entry, error) {
	var e journal.Entry
	into, finish := targets(&e)
	err := row.Scan(into...)
	finish()
	return e, err
}

func scanWhole(row pgx.CollectableRow) (journal.Entry, error) {
	var (
		e           journal.Entry
		logs, calls []byte
	)
	into, finish := targets(&e)
	if err := row.Scan(append(into, &logs, &calls)...); err != nil {
		return e, err
	}
	finish()
	var err error
	if e.Logs, err = decode(logs, logOfRow); err != nil {
		return e, fmt.Errorf("decode logs: %w", err)
	}
	if e.Calls, err = decode(calls, callOfRow); err != nil {
		return e, fmt.Errorf("decode calls: %w", err)
	}
	return e, nil
}
