// Package migrations holds the schema of scripts.
package migrations

import "embed"

// FS has the migrations.
//
//go:embed *.sql
var FS embed.FS
