package listen

import (
	"bufio"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// lingerTime bounds how long a refused client may go on sending.
const lingerTime = time.Second

// peeked is a connection whose first bytes were looked at.
type peeked struct {
	net.Conn
	r       *bufio.Reader
	lingers atomic.Bool
}

// Linger makes Close hear the client out for a moment. Without it, closing a
// connection whose client is still sending resets it, and the client may never
// read the answer that says why.
func Linger(conn net.Conn) {
	if c, ok := conn.(*peeked); ok {
		c.lingers.Store(true)
	}
}

// Read implements net.Conn.
func (c *peeked) Read(b []byte) (int, error) { return c.r.Read(b) }

// Close implements net.Conn.
func (c *peeked) Close() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if ok && c.lingers.Swap(false) && half.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.Copy(io.Discard, c.Conn) // until the client closes, or too long
	}
	return c.Conn.Close()
}

// counted is a connection that the port knows of until it is closed.
type counted struct {
	net.Conn
	port  *Port
	http1 atomic.Bool

	mu   sync.Mutex
	last time.Time // for reads, once the port is closed
}

// SetReadDeadline implements net.Conn. It is never later than the last.
func (c *counted) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.last.IsZero() && (t.IsZero() || t.After(c.last)) {
		t = c.last
	}
	return c.Conn.SetReadDeadline(t)
}

// SetDeadline implements net.Conn.
func (c *counted) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// hurry ends all reads by last.
func (c *counted) hurry(last time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = last
	_ = c.Conn.SetReadDeadline(last) // a broken one ends by itself
}

// CloseWrite ends what is sent, where the connection can.
func (c *counted) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	c.port.mu.Lock()
	delete(c.port.live, c)
	c.port.mu.Unlock()
	return c.Conn.Close()
}
