package outbox

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/telemetry"
)

const (
	batchSize      = 100             // rows published per transaction
	publishTimeout = 5 * time.Second // one publish, acknowledgement included
	forgetTimeout  = 2 * time.Second // deleting what was published, also after ctx ended

	anySeq = math.MaxInt64
)

// The statements of a batch. Waiting for the lock and reading are two
// statements, so that the read sees what the lock's last holder deleted.
const (
	lockOutbox = `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.outbox', 0))`

	newestMessage = `SELECT coalesce(max(seq), 0) FROM outbox`

	anyMessage = `SELECT EXISTS (SELECT FROM outbox WHERE seq <= $1)`

	oldestMessages = `SELECT seq, id, subject, header, data FROM outbox ORDER BY seq LIMIT $1`

	deleteMessages = `DELETE FROM outbox WHERE seq = ANY($1)`
)

// row is a message that waits.
type row struct {
	seq int64
	Message
}

// drainBatch publishes the oldest rows and deletes those the publisher
// acknowledged. It returns how many it sent and whether rows up to seq may be
// left.
func (r *Relay) drainBatch(ctx context.Context, seq int64) (sent int, left bool, err error) {
	select {
	case <-ctx.Done():
		return 0, true, ctx.Err()
	case <-r.turn:
	}
	defer func() { r.turn <- struct{}{} }()

	if err := r.pool.QueryRow(ctx, anyMessage, seq).Scan(&left); err != nil {
		return 0, true, fmt.Errorf("look into outbox: %w", pg.Translate(err))
	}
	if !left {
		return 0, false, nil
	}
	sent, err = r.publishOldest(ctx)
	return sent, true, pg.Translate(err)
}

// publishOldest publishes one batch while it holds the outbox's lock. The
// transaction contains no change but the deletion, so publishing inside it
// cannot announce what is then rolled back; what it gives is that a relay which
// dies lets go of the lock.
func (r *Relay) publishOldest(ctx context.Context) (int, error) {
	tx, err := r.pool.Begin(ctx)
	if err != nil {
		return 0, fmt.Errorf("begin outbox batch: %w", err)
	}
	defer r.rollback(ctx, tx)
	if _, err := tx.Exec(ctx, lockOutbox); err != nil {
		return 0, fmt.Errorf("lock outbox: %w", err)
	}
	rows, err := oldest(ctx, tx)
	if err != nil {
		return 0, fmt.Errorf("read outbox: %w", err)
	}
	sent, publishErr := r.publish(ctx, rows)
	return len(sent), errors.Join(publishErr, forget(ctx, tx, sent))
}

// oldest reads the next rows in order.
func oldest(ctx context.Context, tx pgx.Tx) ([]row, error) {
	rows, err := tx.Query(ctx, oldestMessages, batchSize)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(found pgx.CollectableRow) (row, error) {
		var m row
		err := found.Scan(&m.seq, &m.ID, &m.Subject, &m.Header, &m.Data)
		return m, err
	})
}

// publish sends rows in order up to the first failure and returns the places of
// those sent.
func (r *Relay) publish(ctx context.Context, rows []row) ([]int64, error) {
	var sent []int64
	for _, m := range rows {
		if err := r.publishOne(ctx, m.Message); err != nil {
			return sent, fmt.Errorf("publish %s as %s: %w", m.ID, m.Subject, err)
		}
		sent = append(sent, m.seq)
	}
	return sent, nil
}

// publishOne sends m inside the trace that caused it.
func (r *Relay) publishOne(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	ctx = telemetry.Extract(trace.ContextWithSpanContext(ctx, trace.SpanContext{}), m.Header) // and in no other
	return r.to.Publish(ctx, m.Subject, m.ID, telemetry.Without(m.Header), m.Data)
}

// forget deletes the rows that were sent and commits. It outlives ctx: what has
// been published once should not be published again because of a shutdown.
func forget(ctx context.Context, tx pgx.Tx, sent []int64) error {
	if len(sent) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetTimeout)
	defer cancel()
	if _, err := tx.Exec(ctx, deleteMessages, sent); err != nil {
		return fmt.Errorf("delete published outbox rows: %w", err)
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit outbox batch: %w", err)
	}
	return nil
}

// rollback ends a batch that did not commit. If it fails, pgx closes the
// connection and Postgres rolls back by itself.
func (r *Relay) rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetTimeout)
	defer cancel()
	_ = tx.Rollback(ctx)
}
