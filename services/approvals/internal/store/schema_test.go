package store_test

import (
	"crypto/sha256"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestMigrations(t *testing.T) {
	t.Parallel()
	pgtest.RoundTrip(t, "approvals", store.Migrations)
}

// The statements that the workflow will need, in their simplest form.
const (
	submit = `
INSERT INTO approval_requests (tenant_id, organization_id, id, action_type, category, display_name, payload_type, payload, payload_sha256,
    submitted_by_id, submitted_by_email, submitted_by_name, required_approvals, expires_at, state, created_at)
VALUES ($1, $2, $3, 'settings_change', 'settings', 'Change', 'application/json', $4, $5, $6, '', '', 1, $7::timestamptz + interval '24 hours', 'pending', $7)`

	decide = `
INSERT INTO decisions (tenant_id, request_id, reviewer_id, id, submitted_by_id, payload_sha256, decision, reviewer_email, reviewer_name)
VALUES ($1, $2, $3, $4, $5, $6, $7, '', '')`

	record = `
INSERT INTO audit_entries (tenant_id, organization_id, seq, entry, previous_hash, hash) VALUES ($1, $2, $3, $4, $5, $6)`
)

// bundle is a database with a pending request in it.
type bundle struct {
	db           *pg.Pool
	organization string
	request      string
	submitter    string
	reviewer     string
	sha256       []byte
	created      time.Time
}

func setup(t *testing.T) *bundle {
	t.Helper()
	payload := []byte(`{"approvalEnabled":false}`)
	sum := sha256.Sum256(payload)
	b := &bundle{
		db:           pgtest.New(t, "approvals", store.Migrations),
		organization: ident.NewUUID(), request: ident.NewUUID(), submitter: ident.NewUUID(), reviewer: ident.NewUUID(),
		sha256: sum[:], created: time.Now().UTC().Truncate(time.Microsecond),
	}
	b.must(t, submit, tenant.Default, b.organization, b.request, payload, b.sha256, b.submitter, b.created)
	return b
}

func (b *bundle) must(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := b.db.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// refuses wants the statement to break a rule: integrity constraints are
// SQLSTATE class 23.
func (b *bundle) refuses(t *testing.T, statement string, args ...any) {
	t.Helper()
	_, err := b.db.Exec(t.Context(), statement, args...)
	var server *pgconn.PgError
	if !errors.As(err, &server) || server.Code[:2] != "23" {
		t.Errorf("%s: got %v", statement, err)
	}
}

func (b *bundle) decide(reviewer, decision string) []any {
	return []any{tenant.Default, b.request, reviewer, ident.NewUUID(), b.submitter, b.sha256, decision}
}

func TestRequests(t *testing.T) {
	t.Parallel()

	t.Run("AreResolvedInTime", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		const resolve = `UPDATE approval_requests SET state = $1, resolved_at = $2,
    execution_state = CASE WHEN $1 = 'approved' THEN 'queued' END`
		expiry := b.created.Add(24 * time.Hour)
		for _, state := range []string{"approved", "denied", "canceled"} {
			b.refuses(t, resolve, state, expiry)
			b.refuses(t, resolve, state, nil)
		}
		b.refuses(t, resolve, "expired", expiry.Add(-time.Microsecond))
		b.refuses(t, resolve, "pending", b.created)
		b.must(t, resolve, "expired", expiry)
		b.must(t, resolve, "approved", expiry.Add(-time.Microsecond))
	})
	t.Run("AreExecutedOnlyWhenApproved", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.refuses(t, `UPDATE approval_requests SET execution_state = 'queued'`)
		b.refuses(t, `UPDATE approval_requests SET state = 'denied', resolved_at = created_at, execution_state = 'queued'`)
		b.must(t, `UPDATE approval_requests SET state = 'approved', resolved_at = created_at, execution_state = 'queued'`)
		b.refuses(t, `UPDATE approval_requests SET execution_state = 'executing'`)
		b.must(t, `UPDATE approval_requests SET execution_state = 'executing', execution_lease_until = now()`)
		b.refuses(t, `UPDATE approval_requests SET execution_state = 'executed', execution_lease_until = NULL`)
		b.must(t, `UPDATE approval_requests SET execution_state = 'executed', execution_lease_until = NULL, executed_at = now()`)
	})
	t.Run("LiveBetweenOneHourAndAWeek", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.refuses(t, `UPDATE approval_requests SET expires_at = created_at + interval '59 minutes'`)
		b.refuses(t, `UPDATE approval_requests SET expires_at = created_at + interval '169 hours'`)
	})
	t.Run("CannotChangeOnceDecidedAbout", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.refuses(t, `UPDATE approval_requests SET payload = '{}'`)
		b.must(t, `UPDATE approval_requests SET payload = payload || ' ', payload_sha256 = sha256(payload || ' ')`)
		b.must(t, `UPDATE approval_requests SET payload = rtrim(payload, ' '), payload_sha256 = $1`, b.sha256)
		b.must(t, decide, b.decide(b.reviewer, "approved")...)
		b.refuses(t, `UPDATE approval_requests SET payload = payload || ' ', payload_sha256 = sha256(payload || ' ')`)
		b.refuses(t, `DELETE FROM approval_requests`)
	})
}

func TestDecisions(t *testing.T) {
	t.Parallel()

	t.Run("AreNotTheSubmitters", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.refuses(t, decide, b.decide(b.submitter, "approved")...)
		b.refuses(t, decide, b.decide(b.submitter, "denied")...)
		args := b.decide(b.submitter, "approved")
		args[4] = b.reviewer // a lie about who submitted it
		b.refuses(t, decide, args...)
	})
	t.Run("AreMadeOnceByEach", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.must(t, decide, b.decide(b.reviewer, "approved")...)
		b.refuses(t, decide, b.decide(b.reviewer, "approved")...)
		b.refuses(t, decide, b.decide(b.reviewer, "denied")...)
	})
	t.Run("DenyOnce", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.must(t, decide, b.decide(b.reviewer, "denied")...)
		b.refuses(t, decide, b.decide(ident.NewUUID(), "denied")...)
	})
	t.Run("AreAboutThePayloadThatIsThere", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		args := b.decide(b.reviewer, "approved")
		args[5] = make([]byte, sha256.Size)
		b.refuses(t, decide, args...)
	})
	t.Run("AreForGood", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.must(t, decide, b.decide(b.reviewer, "denied")...)
		b.refuses(t, `UPDATE decisions SET decision = 'approved'`)
		b.refuses(t, `DELETE FROM decisions`)
		b.refuses(t, `TRUNCATE decisions`)
	})
}

func TestAuditEntries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	zeros := make([]byte, sha256.Size)
	link := func(previous []byte, entry string) []byte {
		sum := sha256.Sum256(append(previous[:sha256.Size:sha256.Size], entry...))
		return sum[:]
	}
	one := link(zeros, "one")
	two := link(one, "two")

	b.refuses(t, record, tenant.Default, b.organization, 1, []byte("one"), two, link(two, "one")) // does not begin with zeros
	b.refuses(t, record, tenant.Default, b.organization, 2, []byte("two"), one, two)              // a gap
	b.must(t, record, tenant.Default, b.organization, 1, []byte("one"), zeros, one)
	b.refuses(t, record, tenant.Default, b.organization, 1, []byte("uno"), zeros, link(zeros, "uno")) // a fork
	b.refuses(t, record, tenant.Default, b.organization, 2, []byte("two"), zeros, link(zeros, "two")) // another's successor
	b.refuses(t, record, tenant.Default, b.organization, 2, []byte("two!"), one, two)                 // not what was hashed
	b.refuses(t, record, tenant.Default, ident.NewUUID(), 2, []byte("two"), one, two)                 // another's chain
	b.must(t, record, tenant.Default, b.organization, 2, []byte("two"), one, two)
	b.refuses(t, `UPDATE audit_entries SET request_id = NULL`)
	b.refuses(t, `DELETE FROM audit_entries WHERE seq = 2`)
	b.refuses(t, `TRUNCATE audit_entries`)

	// The references hold even where the trigger was taken off.
	b.must(t, `ALTER TABLE audit_entries DISABLE TRIGGER append_only`)
	b.refuses(t, `DELETE FROM audit_entries WHERE seq = 1`)
	b.refuses(t, `UPDATE audit_entries SET entry = 'uno', hash = sha256(previous_hash || 'uno') WHERE seq = 1`)
}
