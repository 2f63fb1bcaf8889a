package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
)

const (
	// Index: approval_requests_execution.
	nextExecution = `SELECT ` + requestColumns + ` FROM approval_requests
WHERE execution_state = 'queued' OR execution_state = 'executing' AND execution_lease_until < clock_timestamp()
ORDER BY resolved_at LIMIT 1 FOR UPDATE SKIP LOCKED`

	leaseExecution = `
UPDATE approval_requests
SET execution_state = 'executing', execution_attempts = execution_attempts + 1, execution_error = NULL,
    execution_lease_until = clock_timestamp() + $4::bigint * interval '1 microsecond', version = version + 1
WHERE tenant_id = $1 AND organization_id = $2 AND id = $3
RETURNING ` + requestColumns

	// The number of the attempt is the fence: whose lease ran out changes
	// nothing any more.
	finishExecution = `
UPDATE approval_requests
SET execution_state = $5, execution_lease_until = NULL, execution_error = nullif($6, ''), version = version + 1,
    executed_at = CASE WHEN $5 = 'executed' THEN clock_timestamp() END
WHERE tenant_id = $1 AND organization_id = $2 AND id = $3 AND execution_state = 'executing' AND execution_attempts = $4
RETURNING ` + requestColumns

	postponeExecution = `
UPDATE approval_requests
SET execution_lease_until = clock_timestamp() + $5::bigint * interval '1 microsecond', execution_error = nullif($6, '')
WHERE tenant_id = $1 AND organization_id = $2 AND id = $3 AND execution_state = 'executing' AND execution_attempts = $4`

	moveExecution = `
UPDATE approval_requests SET execution_state = $5, version = version + 1,
    execution_attempts = CASE WHEN $5 = 'queued' THEN 0 ELSE execution_attempts END, traceparent = nullif($6, '')
WHERE tenant_id = $1 AND organization_id = $2 AND id = $3 AND execution_state = $4
RETURNING ` + requestColumns

	// What no lease covers is not being executed.
	confirmExecution = `SELECT ` + requestColumns + ` FROM approval_requests
WHERE tenant_id = $1 AND organization_id = $2 AND id = $3
    AND execution_state = 'executing' AND execution_lease_until > clock_timestamp()`
)

// NextExecution returns a request that is to be executed and that nobody else
// executes now, locked. NotFound: there is none.
func (x *Tx) NextExecution(ctx context.Context) (Request, error) {
	r, err := scanRequest(x.tx.QueryRow(ctx, nextExecution))
	if err != nil {
		return Request{}, fmt.Errorf("look for an execution: %w", pg.Translate(err))
	}
	return r, nil
}

// LeaseExecution gives the execution of a locked request to the caller.
func (x *Tx) LeaseExecution(ctx context.Context, r Request, lease time.Duration) (Request, error) {
	leased, err := scanRequest(x.tx.QueryRow(ctx, leaseExecution, r.Tenant, r.Organization, r.ID, lease.Microseconds()))
	if err != nil {
		return Request{}, fmt.Errorf("lease an execution: %w", err)
	}
	return leased, nil
}

// FinishExecution ends the attempt that r describes, and reports false where
// that is not the current one any more.
func (x *Tx) FinishExecution(ctx context.Context, r Request, next request.ExecutionState, cause string) (Request, bool, error) {
	done, err := scanRequest(x.tx.QueryRow(ctx, finishExecution, r.Tenant, r.Organization, r.ID, r.Execution.Attempts, next, cause))
	return moved(done, err, "finish an execution")
}

// MoveExecution takes an execution that nobody is at from one state to the
// next, and reports false where it is in another.
func (x *Tx) MoveExecution(ctx context.Context, r Request, next request.ExecutionState) (Request, bool, error) {
	done, err := scanRequest(x.tx.QueryRow(ctx, moveExecution, r.Tenant, r.Organization, r.ID, r.Execution.State, next, telemetry.Traceparent(ctx)))
	return moved(done, err, "move an execution")
}

func moved(r Request, err error, what string) (Request, bool, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return Request{}, false, nil
	}
	if err != nil {
		return Request{}, false, fmt.Errorf("%s: %w", what, err)
	}
	return r, true, nil
}

// PostponeExecution lets nobody try again for a while; the attempt that r
// describes has come to no end.
func (s *Store) PostponeExecution(ctx context.Context, r Request, pause time.Duration, cause string) error {
	_, err := s.pool.Exec(ctx, postponeExecution, r.Tenant, r.Organization, r.ID, r.Execution.Attempts, pause.Microseconds(), cause)
	if err != nil {
		return fmt.Errorf("postpone an execution: %w", pg.Translate(err))
	}
	return nil
}

// Executing returns a request that is being executed now. NotFound: it is not.
func (s *Store) Executing(ctx context.Context, k Key) (Request, error) {
	r, err := scanRequest(s.pool.QueryRow(ctx, confirmExecution, k.Tenant, k.Organization, k.ID))
	if err != nil {
		return Request{}, fmt.Errorf("look for an execution: %w", pg.Translate(err))
	}
	return r, nil
}
