package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/approvals/internal/audit"
)

// Notice is an e-mail that is due.
type Notice struct {
	Request  Request
	Kind     string // the type of the audit entry that it is about
	Attempts int
}

const (
	insertNotice = `INSERT INTO notices (tenant_id, organization_id, request_id, kind) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, request_id, kind) DO UPDATE SET due_at = now(), attempts = 0`

	// One organization's at a time, so that many requests become one mail.
	// Index: notices_due.
	dueNotices = `
WITH next AS (SELECT tenant_id, organization_id FROM notices WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
SELECT n.tenant_id, n.organization_id, n.request_id, n.kind, n.attempts
FROM notices n JOIN next USING (tenant_id, organization_id)
WHERE n.due_at <= clock_timestamp() ORDER BY n.due_at, n.request_id LIMIT $1 FOR UPDATE OF n SKIP LOCKED`

	leaseNotice = `UPDATE notices SET due_at = clock_timestamp() + $4::bigint * interval '1 microsecond', attempts = attempts + 1
WHERE tenant_id = $1 AND request_id = $2 AND kind = $3`

	deleteNotice = `DELETE FROM notices WHERE tenant_id = $1 AND request_id = $2 AND kind = $3`
)

// noticed are the types of entries that people are written about.
func noticed(kind string) bool {
	switch kind {
	case audit.Submitted, audit.Approved, audit.Denied, audit.Expired, audit.BrokeGlass, audit.Failed, audit.Stale:
		return true
	}
	return false
}

func (x *Tx) notice(ctx context.Context, e audit.Entry) error {
	if !x.notify || !noticed(e.Type) {
		return nil
	}
	if _, err := x.tx.Exec(ctx, insertNotice, e.Tenant, e.Organization, e.Request, e.Type); err != nil {
		return fmt.Errorf("note an e-mail to send: %w", err)
	}
	return nil
}

// LeaseNotices returns e-mails of one organization that are due, for the
// caller alone as long as the lease lasts. A lease that runs out gives them to
// the next: a mail may be sent twice, and is not forgotten.
func (s *Store) LeaseNotices(ctx context.Context, limit int, lease time.Duration) ([]Notice, error) {
	var leased []Notice
	err := s.pool.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, dueNotices, limit)
		if err != nil {
			return err
		}
		leased, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Notice, error) {
			var n Notice
			err := row.Scan(&n.Request.Tenant, &n.Request.Organization, &n.Request.ID, &n.Kind, &n.Attempts)
			return n, err
		})
		if err != nil {
			return err
		}
		for i := range leased {
			n := &leased[i]
			if _, err := tx.Exec(ctx, leaseNotice, n.Request.Tenant, n.Request.ID, n.Kind, lease.Microseconds()); err != nil {
				return err
			}
			n.Request, err = scanRequest(tx.QueryRow(ctx, getRequest, n.Request.Tenant, n.Request.Organization, n.Request.ID))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("lease e-mails: %w", err)
	}
	return leased, nil
}

// ForgetNotice removes an e-mail that was sent, or given up.
func (s *Store) ForgetNotice(ctx context.Context, n Notice) error {
	if _, err := s.pool.Exec(ctx, deleteNotice, n.Request.Tenant, n.Request.ID, n.Kind); err != nil {
		return fmt.Errorf("forget an e-mail: %w", pg.Translate(err))
	}
	return nil
}
