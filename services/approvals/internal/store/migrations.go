package store

import "embed"

// Migrations holds the schema, for pg.Migrate.
//
//go:embed migrations/*.sql
var Migrations embed.FS
