package pgtest

import (
	"context"
	"io/fs"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/pg"
)

const (
	maxConns       = 4                // connections of a test's pool
	setupTimeout   = 60 * time.Second // getting a database, the first cluster start included
	cleanupTimeout = 30 * time.Second
	closeTimeout   = 10 * time.Second // for borrowed connections to come back
)

// New returns a pool of four connections on a database of the test's own,
// migrated with migrations (nil: an empty schema), whose search_path is schema.
// Both go when the test ends; a connection that the test still holds then fails
// it.
func New(t testing.TB, schema string, migrations fs.FS) *pg.Pool {
	t.Helper()
	url := URL(t, schema, migrations)
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	pool, err := pg.Open(ctx, pg.Config{URL: url, Schema: schema, MaxConns: maxConns})
	if err != nil {
		t.Fatalf("pgtest: open pool: %v", err)
	}
	t.Cleanup(func() { closePool(t, pool) })
	return pool
}

// URL is New for code that opens its own pool: the address, as superuser, of a
// migrated database that is dropped when the test ends. Databases dropped this
// way cut off whoever is still connected.
func URL(t testing.TB, schema string, migrations fs.FS) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	url, err := newDatabase(ctx, t, schema, migrations)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return url
}

// closePool closes pool and fails the test when a connection never comes back;
// pgxpool alone would wait for it for ever.
func closePool(t testing.TB, pool *pg.Pool) {
	t.Helper()
	closed := make(chan struct{})
	go func() {
		pool.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(closeTimeout):
		t.Errorf("pgtest: %d connections are still borrowed at the end of the test", pool.Stat().AcquiredConns())
	}
}
