// Package migrations holds the schema of the executions service, forward only
// in production: expand, deploy, contract.
package migrations

import "embed"

// FS holds the numbered files.
//
//go:embed *.sql
var FS embed.FS
