package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
)

// newDatabase clones the template of (schema, migrations) and returns the
// clone's address. The clone is dropped when t ends.
func newDatabase(ctx context.Context, t testing.TB, schema string, migrations fs.FS) (string, error) {
	if migrations == nil {
		migrations = fstest.MapFS{}
	}
	c, err := shared.get(ctx)
	if err != nil {
		return "", err
	}
	if err := c.borrow(ctx); err != nil {
		return "", err
	}
	t.Cleanup(c.giveBack)
	template, err := c.template(ctx, schema, migrations)
	if err != nil {
		return "", err
	}
	name := "test_" + strings.ToLower(rand.Text())
	if err := c.exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template+c.strategy); err != nil {
		return "", fmt.Errorf("clone %s: %w", template, err)
	}
	cleaning := context.WithoutCancel(ctx)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(cleaning, cleanupTimeout)
		defer cancel()
		if err := c.exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: drop %s: %v", name, err)
		}
	})
	return c.address(name), nil
}

// template returns the name of a migrated database to clone, making it on the
// first call. Another process may do the same on an outside server, hence the
// lock; a template counts as made when it has its final name.
func (c *cluster) template(ctx context.Context, schema string, migrations fs.FS) (string, error) {
	hash, err := hashOf(migrations)
	if err != nil {
		return "", err
	}
	name := "template_" + schema + "_" + hash
	c.templates.Lock()
	defer c.templates.Unlock()
	if c.made[name] {
		return name, nil
	}
	if err := c.makeTemplate(ctx, name, schema, migrations); err != nil {
		return "", fmt.Errorf("make %s: %w", name, err)
	}
	c.made[name] = true
	return name, nil
}

// makeTemplate creates, migrates and renames under a lock of the session.
func (c *cluster) makeTemplate(ctx context.Context, name, schema string, migrations fs.FS) (err error) {
	admin, err := pgx.Connect(ctx, c.adminURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, admin.Close(ctx)) }()
	if _, err := admin.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", name); err != nil {
		return err
	}
	var exists bool
	err = admin.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists)
	if err != nil || exists {
		return err
	}
	draft := "draft_" + strings.ToLower(rand.Text())
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+draft); err != nil {
		return err
	}
	if err := c.migrate(ctx, draft, schema, migrations); err != nil {
		_, dropErr := admin.Exec(ctx, "DROP DATABASE "+draft+" WITH (FORCE)")
		return errors.Join(err, dropErr)
	}
	_, err = admin.Exec(ctx, "ALTER DATABASE "+draft+" RENAME TO "+name)
	return err
}

// migrate applies migrations to a fresh database.
func (c *cluster) migrate(ctx context.Context, database, schema string, migrations fs.FS) error {
	pool, err := pg.Open(ctx, pg.Config{URL: c.address(database), Schema: schema, MaxConns: 1})
	if err != nil {
		return err
	}
	defer pool.Close()
	return pg.Migrate(ctx, pool, migrations)
}

// address returns the superuser's URL of a database.
func (c *cluster) address(database string) string {
	u := *c.base
	u.Path = "/" + database
	return u.String()
}

// hashOf names the content of fsys.
func hashOf(fsys fs.FS) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(fsys, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(fsys, path)
		_, _ = fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read migrations: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], nil
}

// parseAdmin splits the superuser's URL.
func parseAdmin(address string) (*url.URL, error) {
	base, err := url.Parse(address)
	if err != nil || (base.Scheme != "postgres" && base.Scheme != "postgresql") {
		return nil, errors.New(EnvURL + " is not a postgres:// URL")
	}
	return base, nil
}
