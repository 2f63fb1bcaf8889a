//go:build !unix

package embedded

import "os"

// lock is not offered here: two processes on one directory are found out by
// Postgres.
func lock(*os.File) error { return nil }
