//go:build !unix

package pg

import "net"

// stale cannot be told here without waiting; pgxpool pings what was idle for a
// second.
func stale(net.Conn) bool { return false }
