package store

import "embed"

// Migrations are the files that make and change the schema "targets".
//
//go:embed migrations/*.sql
var Migrations embed.FS
