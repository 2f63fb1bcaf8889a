package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// Versions are reached through their primary key.
const (
	// Without the script, which most who look at versions do not want.
	versionColumns = `v.version, coalesce(v.name, a.name), coalesce(v.timeout_ns, a.timeout_ns), coalesce(v.allowed_to_fail, a.allowed_to_fail),
    v.sha256, v.note, v.warnings, v.created_at, v.created_by, v.published_at, v.published_by`

	// Numbers come from whoever asks, and may be larger than any version's.
	getVersion = `SELECT ` + versionColumns + `, v.script FROM action_versions v JOIN actions a ON a.id = v.action_id
WHERE v.action_id = $1 AND v.version = $2::bigint`

	listVersions = `SELECT ` + versionColumns + ` FROM action_versions v JOIN actions a ON a.id = v.action_id
WHERE v.action_id = $1 AND ($2::bigint = 0 OR v.version < $2::bigint) ORDER BY v.version DESC LIMIT $3`

	countVersions = `SELECT count(*) FROM action_versions WHERE action_id = $1`

	insertVersion = `INSERT INTO action_versions (action_id, version, name, script, timeout_ns, allowed_to_fail, note, warnings, created_at, created_by, published_at, published_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

	updateVersion = `UPDATE action_versions SET published_at = $3, published_by = $4 WHERE action_id = $1 AND version = $2`

	deleteVersion = `DELETE FROM action_versions WHERE action_id = $1 AND version = $2`

	pruneVersions = `DELETE FROM action_versions WHERE action_id = $1 AND version IN (
    SELECT version FROM action_versions WHERE action_id = $1 AND version <> $2 ORDER BY version DESC OFFSET $3)`
)

// Version returns an action of the scope and one of its versions:
// action.ErrNotFound, action.ErrNoVersion.
func (s *Store) Version(ctx context.Context, in Scope, id action.ID, number uint32) (a action.Action, v action.Version, err error) {
	err = s.read(ctx, func(tx pgx.Tx) error {
		if a, err = queryAction(ctx, tx, id, getAction, in.Tenant, in.Organization, id); err != nil {
			return err
		}
		v, err = queryVersion(ctx, tx, id, number)
		return err
	})
	return a, v, err
}

// Versions returns an action of the scope and a page of its versions, newest
// first and without their scripts: those below the number before, or the newest
// where that is 0. total is how many there are on all pages.
func (s *Store) Versions(ctx context.Context, in Scope, id action.ID, before, limit uint32) (a action.Action, page []action.Version, total uint32, err error) {
	err = s.read(ctx, func(tx pgx.Tx) error {
		if a, err = queryAction(ctx, tx, id, getAction, in.Tenant, in.Organization, id); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, countVersions, id).Scan(&total); err != nil {
			return fmt.Errorf("count versions of action %s: %w", id, err)
		}
		rows, err := tx.Query(ctx, listVersions, id, before, limit)
		if err != nil {
			return fmt.Errorf("list versions of action %s: %w", id, err)
		}
		page, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (action.Version, error) { return scanVersion(row) })
		return err
	})
	return a, page, total, err
}

// Version returns a version of an action, which is locked: action.ErrNoVersion.
func (t *Tx) Version(ctx context.Context, id action.ID, number uint32) (action.Version, error) {
	return queryVersion(ctx, t.tx, id, number)
}

// AddVersion stores a new version of an action, which is locked.
func (t *Tx) AddVersion(ctx context.Context, id action.ID, v action.Version) error {
	warnings, err := encodeFindings(v.Findings)
	if err != nil {
		return err
	}
	_, err = t.tx.Exec(ctx, insertVersion, id, v.Number, v.Name, []byte(v.Script), v.Timeout, v.AllowedToFail, v.Note, warnings,
		v.Created, v.Author, orNull(v.Published), v.Publisher)
	if err != nil {
		return fmt.Errorf("add version %d of action %s: %w", v.Number, id, err)
	}
	return nil
}

// SaveVersion stores when a version, whose action is locked, was published.
func (t *Tx) SaveVersion(ctx context.Context, id action.ID, v action.Version) error {
	if _, err := t.tx.Exec(ctx, updateVersion, id, v.Number, orNull(v.Published), v.Publisher); err != nil {
		return fmt.Errorf("update version %d of action %s: %w", v.Number, id, err)
	}
	return nil
}

// DeleteVersion deletes a version, whose action is locked and does not run it.
func (t *Tx) DeleteVersion(ctx context.Context, id action.ID, number int) error {
	if _, err := t.tx.Exec(ctx, deleteVersion, id, number); err != nil {
		return fmt.Errorf("delete version %d of action %s: %w", number, id, err)
	}
	return nil
}

// PruneVersions deletes the oldest versions of an action, which is locked, until
// keep are left, among them the one that runs.
func (t *Tx) PruneVersions(ctx context.Context, a action.Action, keep int) error {
	if _, err := t.tx.Exec(ctx, pruneVersions, a.ID, a.Version, keep-1); err != nil {
		return fmt.Errorf("prune versions of action %s: %w", a.ID, err)
	}
	return nil
}

func queryVersion(ctx context.Context, tx pgx.Tx, id action.ID, number uint32) (action.Version, error) {
	var script []byte
	v, err := scanVersion(tx.QueryRow(ctx, getVersion, id, number), &script)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return v, action.ErrNoVersion
	case err != nil:
		return v, fmt.Errorf("get version %d of action %s: %w", number, id, err)
	}
	v.Script = string(script)
	return v, nil
}

// scanVersion reads versionColumns, and after them into more.
func scanVersion(row pgx.Row, more ...any) (action.Version, error) {
	var v action.Version
	var sum, warnings []byte
	var published *time.Time
	err := row.Scan(append([]any{&v.Number, &v.Name, &v.Timeout, &v.AllowedToFail, &sum, &v.Note, &warnings,
		&v.Created, &v.Author, &published, &v.Publisher}, more...)...)
	if err != nil {
		return v, err
	}
	copy(v.SHA256[:], sum)
	v.Created, v.Published = v.Created.UTC(), timeOf(published)
	v.Findings, err = decodeFindings(warnings)
	return v, err
}

// encodeFindings returns findings as they are kept: null where nobody looked.
func encodeFindings(f action.Findings) ([]byte, error) {
	if !f.Checked {
		return nil, nil
	}
	if f.Warnings == nil {
		return []byte(`[]`), nil
	}
	kept, err := json.Marshal(f.Warnings)
	if err != nil {
		return nil, fmt.Errorf("encode warnings: %w", err)
	}
	return kept, nil
}

func decodeFindings(kept []byte) (action.Findings, error) {
	if kept == nil {
		return action.Findings{}, nil
	}
	f := action.Findings{Checked: true}
	if err := json.Unmarshal(kept, &f.Warnings); err != nil {
		return f, fmt.Errorf("decode warnings: %w", err)
	}
	return f, nil
}

// timeOf reads a time that may be null.
func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// orNull writes a time; the zero time is null.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
