package sender

import (
	"bufio"
	"fmt"
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
	interrupt func() // wakes whatever read or write is under way

	// Of ask, whose parts are made once, so that it allocates nothing.
	step    func(fd uintptr) bool
	request *message
	asked   bool  // it was written, at least in part
	failure error // to write it
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
	c.step = c.proceed
	c.interrupt = func() { _ = c.SetDeadline(time.Unix(1, 0)) } // a deadline in the past
	return c, nil
}

// Close closes the socket without TLS's goodbye, which may take seconds when the
// target does not read. HTTP's own framing tells where an answer ends.
func (c *connection) Close() error { return c.socket.Close() }

// ask sends a message on a kept connection and returns when there is an answer to
// be read, or when reading will tell why there is none. It returns
// [errNothingWritten] where the connection is not still open and silent: anything
// that can be read from it, a close included, means that the target is done with
// it. Without this look a POST would be lost on every connection that the target
// closed while it was idle, and could not be sent again.
//
// The look also tells that nothing is there to be read before the message was
// written, so that what is read next waits for the answer and is not tried in
// vain first.
func (c *connection) ask(m *message) error {
	c.request, c.asked, c.failure = m, false, errNothingWritten
	if c.raw == nil {
		return c.failure
	}
	err := c.raw.Read(c.step)
	c.request = nil
	if err != nil && !c.asked {
		return fmt.Errorf("%w: %w", errNothingWritten, err)
	}
	return c.failure
}

// proceed is called when ask begins, and again when something can be read. It
// reports whether ask is over.
func (c *connection) proceed(fd uintptr) bool {
	if c.asked || !quiet(fd) {
		return true
	}
	c.asked = true
	c.failure = c.request.writeTo(c)
	return c.failure != nil
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
