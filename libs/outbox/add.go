package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/telemetry"
)

// Schema is the DDL of the table, for a service's first up migration. The
// sequence must not cache values: their order is the messages' order.
const Schema = `CREATE TABLE outbox (
    seq        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         text        NOT NULL,
    subject    text        NOT NULL,
    header     jsonb       NOT NULL,
    data       bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
`

// DropSchema undoes Schema, for the matching down migration.
const DropSchema = `DROP TABLE outbox;
`

// insertMessage is Add's statement.
const insertMessage = `INSERT INTO outbox (id, subject, header, data) VALUES ($1, $2, $3, $4)`

// Message is something to publish once its transaction has committed.
type Message struct {
	Subject string              // where to publish
	ID      string              // the receiver's deduplication key; the same on every try
	Header  map[string][]string // sent as it is, besides the trace context; may be nil
	Data    []byte              // sent byte for byte
}

// Add writes m into the outbox of tx. The trace context of ctx is stored with
// it as a header, so the publish joins the trace that caused
// it. Call it after the statements whose change m announces (see Order in the
// package comment), and Relay.Kick after the commit.
func Add(ctx context.Context, tx pgx.Tx, m Message) error {
	if m.Subject == "" || m.ID == "" {
		return fault.Internal("outbox message without a subject or an id")
	}
	header, err := json.Marshal(withTrace(ctx, m.Header))
	if err != nil {
		return fmt.Errorf("encode outbox header: %w", err)
	}
	data := m.Data
	if data == nil {
		data = []byte{} // the column is NOT NULL, and an empty message is a message
	}
	if _, err := tx.Exec(ctx, insertMessage, m.ID, m.Subject, header, data); err != nil {
		return fmt.Errorf("add %s to outbox: %w", m.Subject, err)
	}
	return nil
}

// withTrace returns a copy of header with the trace context of ctx.
func withTrace(ctx context.Context, header map[string][]string) map[string][]string {
	out := maps.Clone(header)
	if out == nil {
		out = map[string][]string{}
	}
	telemetry.Inject(ctx, out)
	return out
}
