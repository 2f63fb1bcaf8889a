// Package pg is how a service reaches its Postgres: a pool that sees one
// schema and nothing else, a transaction helper that knows which failures heal
// by trying again, forward-only migrations, and the translation of database
// errors into package fault's vocabulary, so that nobody inland imports pgx to
// read an error.
//
// A service opens its pool, migrates, and serves:
//
//	pool, err := pg.Open(ctx, pg.Config{URL: url, Schema: "targets"})
//	...
//	err = pg.Migrate(ctx, pool, store.Migrations) // embedded 0001_init.up.sql, ...
//
// Names in SQL stay unqualified: search_path holds Config.Schema alone.
//
// Sub-packages: pgserver runs a private Postgres as a child process, pgtest
// gives a test a database of its own.
package pg
