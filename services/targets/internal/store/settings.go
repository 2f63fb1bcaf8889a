package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/services/targets/internal/secret"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

const (
	// Index: targets_pkey, settings_pkey.
	selectSettings = `SELECT s.document, s.key_id, s.ciphertext FROM targets t JOIN settings s ON s.target_id = t.id
WHERE t.tenant_id = $1 AND t.id = $2`

	// Index: settings_pkey.
	upsertSettings = `INSERT INTO settings (target_id, document, key_id, ciphertext) VALUES ($1, $2, $3, $4)
ON CONFLICT (target_id) DO UPDATE SET document = excluded.document, key_id = excluded.key_id, ciphertext = excluded.ciphertext`
)

// Settings are a target's settings as they are kept.
type Settings struct {
	Document []byte // JSON, without secrets; nil: they were never set
	Secrets  secret.Sealed
}

// Settings returns the settings of a target.
func (x *Tx) Settings(ctx context.Context, id target.ID) (s Settings, err error) {
	err = x.tx.QueryRow(ctx, selectSettings, tenantOf(ctx), id).Scan(&s.Document, &s.Secrets.KeyID, &s.Secrets.Data)
	if errors.Is(err, pgx.ErrNoRows) {
		return Settings{}, nil
	}
	return s, done("read the settings of", id, err)
}

// SetSettings replaces the settings of t, which exists.
func (x *Tx) SetSettings(ctx context.Context, t target.Target, s Settings) error {
	_, err := x.tx.Exec(ctx, upsertSettings, t.ID, s.Document, s.Secrets.KeyID, s.Secrets.Data)
	return done("change the settings of", t.ID, err)
}
