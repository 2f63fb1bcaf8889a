// Package migrations holds the schema of dispatch.
package migrations

import "embed"

// FS has the migrations.
//
//go:embed *.sql
var FS embed.FS
