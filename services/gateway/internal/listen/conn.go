package listen

import (
	"bufio"
	"io"
	"net"
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
