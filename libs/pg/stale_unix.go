//go:build unix

package pg

import (
	"crypto/tls"
	"errors"
	"net"
	"syscall"
)

// stale reports whether the server has hung up on an idle connection, or said
// something unasked, which it does before it hangs up. It looks at what the
// kernel has received already and waits for nothing: about half a microsecond.
// It asks by Control, not by Read, which would wait for pgx's own background
// reader where that has been left in the middle of one.
func stale(c net.Conn) bool {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	socket, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return true
	}
	var gone bool
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		gone = !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR)
	})
	return err != nil || gone
}
