package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/dispatch/internal/gate"
)

const (
	upsertCircuit = `INSERT INTO circuits (tenant_id, target_id, open, failures, trips, until, cause, changed_at, version)
VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6), $7, now(), 1)
ON CONFLICT (tenant_id, target_id) DO UPDATE SET open = excluded.open, failures = excluded.failures, trips = excluded.trips,
    until = excluded.until, cause = excluded.cause, changed_at = excluded.changed_at, version = circuits.version + 1
RETURNING version`

	// Indexes: circuits_open, circuits_changed. Changes of the last minute are
	// read again and again, so that none is missed that is committed late.
	selectCircuits = `SELECT tenant_id, target_id, open, failures, trips, extract(epoch FROM greatest(until - now(), '0'))::float8, cause, version
FROM circuits WHERE open OR changed_at > now() - interval '1 minute' LIMIT 10000`

	// Index: circuits_pkey.
	selectCircuit = `SELECT tenant_id, target_id, open, failures, trips, extract(epoch FROM greatest(until - now(), '0'))::float8, cause, version, changed_at
FROM circuits WHERE tenant_id = $1 AND target_id = $2`

	upsertSender = `INSERT INTO senders (id, seen_at) VALUES ($1, now()) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`

	deleteSenders = `DELETE FROM senders WHERE seen_at < now() - interval '1 hour'`

	// Those that were seen later than now were before the clock was set back:
	// who is alive is seen again at once.
	countSenders = `SELECT count(*) FROM senders WHERE seen_at > now() - interval '10 seconds' AND seen_at < now() + interval '10 seconds'`

	deleteSender = `DELETE FROM senders WHERE id = $1`
)

// ShareCircuit stores a circuit that opened or closed, and returns its version.
func (s *Store) ShareCircuit(ctx context.Context, c gate.Shared) (version int64, err error) {
	err = s.db.QueryRow(ctx, upsertCircuit, c.Target.Tenant, c.Target.ID, c.Open, c.Failures, c.Trips, c.Left.Seconds(), clean(c.Cause)).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("share the circuit of target %s: %w", c.Target.ID, pg.Translate(err))
	}
	return version, nil
}

// Circuits returns the circuits that are open, or moved within the last minute.
func (s *Store) Circuits(ctx context.Context) ([]gate.Shared, error) {
	rows, err := s.db.Query(ctx, selectCircuits)
	if err != nil {
		return nil, fmt.Errorf("read circuits: %w", pg.Translate(err))
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (gate.Shared, error) { return scanCircuit(row) })
	if err != nil {
		return nil, fmt.Errorf("read circuits: %w", pg.Translate(err))
	}
	return all, nil
}

// Circuit returns a target's circuit and when it moved; ok is false where it
// never opened.
func (s *Store) Circuit(ctx context.Context, t gate.Target) (c gate.Shared, changed time.Time, ok bool, err error) {
	rows, err := s.db.Query(ctx, selectCircuit, t.Tenant, clean(t.ID))
	if err == nil {
		c, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (gate.Shared, error) { return scanCircuit(row, &changed) })
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return c, changed, false, nil
	}
	if err != nil {
		return c, changed, false, fmt.Errorf("read the circuit of target %s: %w", t.ID, pg.Translate(err))
	}
	return c, changed.UTC(), true, nil
}

func scanCircuit(row pgx.CollectableRow, more ...any) (c gate.Shared, err error) {
	var left float64
	err = row.Scan(append([]any{&c.Target.Tenant, &c.Target.ID, &c.Open, &c.Failures, &c.Trips, &left, &c.Cause, &c.Version}, more...)...)
	c.Left = time.Duration(left * float64(time.Second))
	return c, err
}

// Alive says that the sender of this id is, and returns how many are.
func (s *Store) Alive(ctx context.Context, id string) (senders int, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, upsertSender, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, deleteSenders); err != nil {
			return err
		}
		return tx.QueryRow(ctx, countSenders).Scan(&senders)
	})
	if err != nil {
		return 0, fmt.Errorf("count senders: %w", err)
	}
	return senders, nil
}

// Gone says that the sender of this id stopped.
func (s *Store) Gone(ctx context.Context, id string) error {
	if _, err := s.db.Exec(ctx, deleteSender, id); err != nil {
		return fmt.Errorf("sign off: %w", pg.Translate(err))
	}
	return nil
}
