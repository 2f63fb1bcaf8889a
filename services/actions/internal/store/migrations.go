package store

import "embed"

// Migrations is the schema.
//
//go:embed migrations/*.sql
var Migrations embed.FS
