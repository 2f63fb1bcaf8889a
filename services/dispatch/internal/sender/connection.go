package sender

import (
	"bufio"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// connection is an open connection to a target, TCP or TLS.
type connection struct {
	net.Conn
	socket    net.Conn // the TCP socket, beneath TLS
	reader    *bufio.Reader
	raw       syscall.RawConn // of the socket
	remote    netip.AddrPort
	keepFor   time.Duration // how long the target keeps it unused; zero if not said
	idleSince time.Time
	alive     bool                  // result of probe
	probe     func(fd uintptr) bool // made once, so that a probe allocates nothing
	interrupt func()                // wakes whatever read or write is under way
}

func newConnection(plain net.Conn) (*connection, error) {
	c := &connection{Conn: plain, socket: plain, reader: bufio.NewReaderSize(plain, readBuffer)}
	if tcp, ok := plain.(*net.TCPConn); ok {
		raw, err := tcp.SyscallConn()
		if err != nil {
			return nil, err
		}
		c.raw = raw
		c.remote = tcp.RemoteAddr().(*net.TCPAddr).AddrPort()
	}
	c.probe = func(fd uintptr) bool {
		c.alive = quiet(fd)
		return true
	}
	c.interrupt = func() { _ = c.SetDeadline(time.Unix(1, 0)) } // a deadline in the past
	return c, nil
}

// Close closes the socket without TLS's goodbye, which may take seconds when the
// target does not read. HTTP's own framing tells where an answer ends.
func (c *connection) Close() error { return c.socket.Close() }

// usable reports whether a kept connection is still open and silent. Anything
// that can be read from it, a close included, means that the target is done
// with it. Without this look a POST would be lost on every connection that the
// target closed while it was idle, and could not be sent again.
func (c *connection) usable() bool {
	if c.raw == nil {
		return false
	}
	c.alive = false
	err := c.raw.Read(c.probe)
	return err == nil && c.alive
}

// expired reports whether an unused connection has been kept long enough. The
// target's own limit is undercut by a second, so that it is not the one to
// close while our request is on its way.
func (c *connection) expired(now time.Time, idleTimeout time.Duration) bool {
	if c.keepFor > 0 {
		idleTimeout = min(idleTimeout, c.keepFor-time.Second)
	}
	return now.Sub(c.idleSince) >= idleTimeout
}
