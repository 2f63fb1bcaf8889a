package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
)

// Person is somebody as he was known when he did something.
type Person struct{ ID, Email, Name string }

// Request is a row of approval_requests. Empty strings and nil stand for NULL.
type Request struct {
	Tenant       tenant.ID
	Organization tenant.OrganizationID
	ID           string
	Environment  string

	ActionType, Category, DisplayName string
	EntityType, EntityID              string

	Method, Subject, PayloadType string
	Payload, PayloadSHA256       []byte // the hash is of the payload in clear
	PayloadKey                   string // names the key that it is sealed with; empty: it is in clear
	Display                      []byte
	PreviousState, NextState     []byte
	PreviousSHA256               []byte
	SingleKey                    []byte

	SubmittedBy Person
	Roles       []string

	Required   int
	TTL        time.Duration // of a new one
	ExpiresAt  time.Time
	State      request.State
	Version    int
	CreatedAt  time.Time
	ResolvedAt *time.Time
	Resolution string

	Execution Execution
	// Traceparent is the trace of the call that had it executed; "": it is not
	// sampled, or there was none.
	Traceparent string
}

// Execution is what became of an approved request.
type Execution struct {
	State      request.ExecutionState // empty: there is none
	Attempts   int
	Error      string
	ExecutedAt *time.Time
}

const (
	requestColumns = `tenant_id, organization_id, id, coalesce(environment_id::text, ''),
    action_type, category, display_name, coalesce(target_entity_type, ''), coalesce(target_entity_id, ''),
    coalesce(method, ''), coalesce(subject, ''), payload_type, payload, payload_sha256, display,
    previous_state, next_state, previous_sha256, single_key,
    submitted_by_id, submitted_by_email, submitted_by_name, submitted_by_roles,
    required_approvals, expires_at, state, version, created_at, resolved_at, coalesce(resolution, ''),
    coalesce(execution_state, ''), execution_attempts, coalesce(execution_error, ''), executed_at, coalesce(payload_key_id, ''),
    coalesce(traceparent, '')`

	// The life of a request begins with the transaction: created_at and
	// expires_at are of one clock. An id that is there already, or a pending
	// request with the same key, keeps it out.
	insertRequest = `
INSERT INTO approval_requests
    (tenant_id, organization_id, id, environment_id, action_type, category, display_name, target_entity_type, target_entity_id,
     method, subject, payload_type, payload, payload_sha256, display, previous_state, next_state, previous_sha256, single_key,
     submitted_by_id, submitted_by_email, submitted_by_name, submitted_by_roles, required_approvals,
     created_at, expires_at, state, resolved_at, execution_state, payload_key_id)
VALUES ($1, $2, $3, nullif($4, '')::uuid, $5, $6, $7, nullif($8, ''), nullif($9, ''),
    nullif($10, ''), nullif($11, ''), $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
    now(), now() + $25 * interval '1 hour', $26, CASE WHEN $26 = 'pending' THEN NULL ELSE now() END, nullif($27, ''), nullif($28, ''))
ON CONFLICT DO NOTHING
RETURNING ` + requestColumns

	// Indexes: approval_requests_expiry, approval_requests_execution. What has
	// failed can be queued again, but may be too old for anybody to care.
	countUnderOtherMaster = `SELECT count(*) FROM approval_requests
WHERE payload_key_id <> $1 AND (state = 'pending' AND expires_at > now() OR execution_state IN ('queued', 'executing'))`

	// Index: approval_requests_pkey.
	getRequest = `SELECT ` + requestColumns + ` FROM approval_requests WHERE tenant_id = $1 AND organization_id = $2 AND id = $3`

	lockRequest = getRequest + ` FOR UPDATE`

	// Index: approval_requests_single.
	pendingWithKey = `SELECT id, clock_timestamp() >= expires_at FROM approval_requests
WHERE tenant_id = $1 AND organization_id = $2 AND single_key = $3 AND state = 'pending'`

	// One look at the clock decides whether it is in time and says when it
	// was. What is resolved or late already is left alone.
	resolveRequest = `
WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now)
UPDATE approval_requests r
SET state = $4, version = version + 1, resolved_at = clock.now, resolution = nullif($5, ''),
    execution_state = CASE WHEN $4 = 'approved' THEN 'queued' END, traceparent = nullif($6, '')
FROM clock
WHERE r.tenant_id = $1 AND r.organization_id = $2 AND r.id = $3 AND r.state = 'pending'
    AND (clock.now >= r.expires_at) = ($4 = 'expired')
RETURNING ` + requestColumns

	raiseVersion = `UPDATE approval_requests SET version = version + 1
WHERE tenant_id = $1 AND organization_id = $2 AND id = $3 AND state = 'pending' RETURNING ` + requestColumns

	// Index: approval_requests_list.
	listRequests = `SELECT ` + requestColumns + ` FROM approval_requests
WHERE ` + requestFilter + ` ORDER BY created_at DESC, id DESC LIMIT $6 OFFSET $7`

	countRequests = `SELECT count(*) FROM approval_requests WHERE ` + requestFilter

	// A request whose time is over is not pending, whether or not somebody has
	// written that down.
	requestFilter = `tenant_id = $1 AND organization_id = $2
    AND ($3::text[] IS NULL OR CASE WHEN state = 'pending' AND expires_at <= now() THEN 'expired' ELSE state END = ANY($3))
    AND ($4 = '' OR action_type = $4) AND ($5 = '' OR submitted_by_id::text = $5)`

	// Index: approval_requests_pending.
	countPending = `SELECT count(*) FROM approval_requests
WHERE tenant_id = $1 AND organization_id = $2 AND state = 'pending' AND expires_at > now()`

	// Index: approval_requests_expiry.
	overdueRequests = `SELECT tenant_id, organization_id, id FROM approval_requests
WHERE state = 'pending' AND expires_at <= clock_timestamp() ORDER BY expires_at LIMIT $1`
)

// InsertRequest adds a request, pending or auto-approved, and reports false
// where its id, or a pending one with its key, is there already. Version and
// times are the database's.
func (x *Tx) InsertRequest(ctx context.Context, r Request) (Request, bool, error) {
	roles := r.Roles
	if roles == nil {
		roles = []string{}
	}
	added, err := scanRequest(x.tx.QueryRow(ctx, insertRequest, r.Tenant, r.Organization, r.ID, r.Environment,
		r.ActionType, r.Category, r.DisplayName, r.EntityType, r.EntityID,
		r.Method, r.Subject, r.PayloadType, r.Payload, r.PayloadSHA256, r.Display, r.PreviousState, r.NextState, r.PreviousSHA256, r.SingleKey,
		r.SubmittedBy.ID, r.SubmittedBy.Email, r.SubmittedBy.Name, roles, r.Required,
		int(r.TTL/time.Hour), r.State, string(r.Execution.State), r.PayloadKey))
	if errors.Is(err, pgx.ErrNoRows) {
		return Request{}, false, nil
	}
	if err != nil {
		return Request{}, false, fmt.Errorf("insert approval request: %w", err)
	}
	return added, true, nil
}

// PendingWithKey returns the pending request of a key, if any, and whether its
// time is over.
func (x *Tx) PendingWithKey(ctx context.Context, who tenant.Identity, key []byte) (id string, overdue bool, err error) {
	err = x.tx.QueryRow(ctx, pendingWithKey, who.Tenant, who.Organization, key).Scan(&id, &overdue)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("look for a pending request: %w", err)
	}
	return id, overdue, nil
}

// LockRequest returns a request that nobody else changes until the transaction
// ends. NotFound: there is none, or it is another organization's.
func (x *Tx) LockRequest(ctx context.Context, who tenant.Identity, id string) (Request, error) {
	r, err := scanRequest(x.tx.QueryRow(ctx, lockRequest, who.Tenant, who.Organization, id))
	if err != nil {
		return Request{}, fmt.Errorf("lock approval request: %w", pg.Translate(err))
	}
	return r, nil
}

// Resolve takes a pending request to its final state, and an approved one to
// its execution's queue, unless the database's clock forbids it: then it
// reports false. Nothing but time expires a request, and nothing else happens
// to one whose time is over.
func (x *Tx) Resolve(ctx context.Context, r Request, next request.State, resolution string) (Request, bool, error) {
	resolved, err := scanRequest(x.tx.QueryRow(ctx, resolveRequest, r.Tenant, r.Organization, r.ID, next, resolution, telemetry.Traceparent(ctx)))
	if errors.Is(err, pgx.ErrNoRows) {
		return Request{}, false, nil
	}
	if err != nil {
		return Request{}, false, fmt.Errorf("resolve approval request: %w", err)
	}
	return resolved, true, nil
}

// RaiseVersion says that something has happened to a pending request.
func (x *Tx) RaiseVersion(ctx context.Context, r Request) (Request, error) {
	raised, err := scanRequest(x.tx.QueryRow(ctx, raiseVersion, r.Tenant, r.Organization, r.ID))
	if err != nil {
		return Request{}, fmt.Errorf("raise the version: %w", err)
	}
	return raised, nil
}

// Request returns one request. NotFound: there is none, or it is another
// organization's.
func (s *Store) Request(ctx context.Context, who tenant.Identity, id string) (Request, error) {
	r, err := scanRequest(s.pool.QueryRow(ctx, getRequest, who.Tenant, who.Organization, id))
	if err != nil {
		return Request{}, fmt.Errorf("load approval request: %w", pg.Translate(err))
	}
	return r, nil
}

// OpenUnderOtherMaster returns how many requests of all tenants may still be
// executed and are sealed under another key than the one that keyID names.
func (s *Store) OpenUnderOtherMaster(ctx context.Context, keyID string) (n int, err error) {
	if err := s.pool.QueryRow(ctx, countUnderOtherMaster, keyID).Scan(&n); err != nil {
		return 0, fmt.Errorf("look for requests under another master key: %w", pg.Translate(err))
	}
	return n, nil
}

// Filter says which requests to list; zero values mean all.
type Filter struct {
	Status      string
	ActionType  string
	SubmittedBy string
}

// Page is a part of a list.
type Page struct {
	Requests []Request
	Total    int // that match
	Pending  int // of the organization
}

// Requests lists an organization's requests, newest first.
func (s *Store) Requests(ctx context.Context, who tenant.Identity, f Filter, offset, limit int) (Page, error) {
	var states []string
	if f.Status != "" {
		for _, state := range request.StatesOf(f.Status) {
			states = append(states, string(state))
		}
	}
	args := []any{who.Tenant, who.Organization, states, f.ActionType, f.SubmittedBy}
	var page Page
	// One snapshot, so that the numbers are those of the list.
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.pool.Pool, snapshot, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, listRequests, append(args[:len(args):len(args)], limit, offset)...)
		if err != nil {
			return err
		}
		if page.Requests, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Request, error) { return scanRequest(row) }); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, countRequests, args...).Scan(&page.Total); err != nil {
			return err
		}
		return tx.QueryRow(ctx, countPending, who.Tenant, who.Organization).Scan(&page.Pending)
	})
	if err != nil {
		return Page{}, fmt.Errorf("list approval requests: %w", pg.Translate(err))
	}
	return page, nil
}

// Key names a request of any tenant.
type Key struct {
	Tenant       tenant.ID
	Organization tenant.OrganizationID
	ID           string
}

// Identity returns an identity that sees the request.
func (k Key) Identity() tenant.Identity {
	return tenant.Identity{Tenant: k.Tenant, Organization: k.Organization}
}

// Overdue returns pending requests whose time is over, longest first.
func (s *Store) Overdue(ctx context.Context, limit int) ([]Key, error) {
	rows, err := s.pool.Query(ctx, overdueRequests, limit)
	if err != nil {
		return nil, fmt.Errorf("look for overdue requests: %w", pg.Translate(err))
	}
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Key, error) {
		var k Key
		err := row.Scan(&k.Tenant, &k.Organization, &k.ID)
		return k, err
	})
	if err != nil {
		return nil, fmt.Errorf("look for overdue requests: %w", pg.Translate(err))
	}
	return keys, nil
}

func scanRequest(row pgx.Row) (Request, error) {
	var r Request
	err := row.Scan(&r.Tenant, &r.Organization, &r.ID, &r.Environment,
		&r.ActionType, &r.Category, &r.DisplayName, &r.EntityType, &r.EntityID,
		&r.Method, &r.Subject, &r.PayloadType, &r.Payload, &r.PayloadSHA256, &r.Display,
		&r.PreviousState, &r.NextState, &r.PreviousSHA256, &r.SingleKey,
		&r.SubmittedBy.ID, &r.SubmittedBy.Email, &r.SubmittedBy.Name, &r.Roles,
		&r.Required, &r.ExpiresAt, &r.State, &r.Version, &r.CreatedAt, &r.ResolvedAt, &r.Resolution,
		&r.Execution.State, &r.Execution.Attempts, &r.Execution.Error, &r.Execution.ExecutedAt, &r.PayloadKey, &r.Traceparent)
	return r, err
}
