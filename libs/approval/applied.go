package approval

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Schema is the DDL of the table of approved changes that were made, for a
// migration of every owner of gated methods. Rows are small and stay: a
// request that is executed again in a year must still be known.
const Schema = `CREATE TABLE approved_changes (
    request_id uuid        PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);
`

// DropSchema undoes Schema, for the matching down migration.
const DropSchema = `DROP TABLE approved_changes;
`

const claim = `INSERT INTO approved_changes (request_id) VALUES ($1) ON CONFLICT DO NOTHING`

// Claim writes into tx that an approved request is carried out, and reports
// whether that is the first time. Another transaction that does the same waits.
// Services that execute action types of their own may use it as well.
func Claim(ctx context.Context, tx pgx.Tx, requestID string) (bool, error) {
	done, err := tx.Exec(ctx, claim, requestID)
	if err != nil {
		return false, fmt.Errorf("claim approved request %s: %w", requestID, err)
	}
	return done.RowsAffected() == 1, nil
}
