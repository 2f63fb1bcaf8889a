package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
)

const (
	insertDecision = `
INSERT INTO decisions (tenant_id, request_id, reviewer_id, human_id, id, submitted_by_id, payload_sha256, decision, note,
    reviewer_email, reviewer_name, created_at)
VALUES ($1, $2, $3, nullif($4, '')::uuid, $5, $6, $7, $8, nullif($9, ''), $10, $11, clock_timestamp())`

	// Index: decisions_pkey.
	getDecisions = `
SELECT request_id, id, reviewer_id, payload_sha256, decision, coalesce(note, ''), reviewer_email, reviewer_name, created_at
FROM decisions WHERE tenant_id = $1 AND request_id = ANY($2) ORDER BY created_at, id`
)

// Decision is what a reviewer said.
type Decision struct {
	ID        string
	Request   string
	Reviewer  Person
	Human     string // of a new one
	Verdict   request.Verdict
	Payload   []byte // its SHA-256
	Note      string
	CreatedAt time.Time
}

// InsertDecision writes down what a reviewer said about r.
func (x *Tx) InsertDecision(ctx context.Context, r Request, d Decision) error {
	_, err := x.tx.Exec(ctx, insertDecision, r.Tenant, r.ID, d.Reviewer.ID, d.Human, d.ID, r.SubmittedBy.ID, r.PayloadSHA256,
		d.Verdict, d.Note, d.Reviewer.Email, d.Reviewer.Name)
	if err != nil {
		return fmt.Errorf("insert decision: %w", err)
	}
	return nil
}

// Decisions returns what was said about a request, in order.
func (x *Tx) Decisions(ctx context.Context, r Request) ([]Decision, error) {
	return collectDecisions(x.tx.Query(ctx, getDecisions, r.Tenant, []string{r.ID}))
}

// Decisions returns what was said about requests of one tenant, in order.
func (s *Store) Decisions(ctx context.Context, in tenant.ID, requests []string) ([]Decision, error) {
	found, err := collectDecisions(s.pool.Query(ctx, getDecisions, in, requests))
	return found, pg.Translate(err)
}

func collectDecisions(rows pgx.Rows, err error) ([]Decision, error) {
	if err != nil {
		return nil, fmt.Errorf("load decisions: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Decision, error) {
		var d Decision
		err := row.Scan(&d.Request, &d.ID, &d.Reviewer.ID, &d.Payload, &d.Verdict, &d.Note, &d.Reviewer.Email, &d.Reviewer.Name, &d.CreatedAt)
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("load decisions: %w", err)
	}
	return found, nil
}
