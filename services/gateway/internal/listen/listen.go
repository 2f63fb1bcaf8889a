// Package listen lets one port speak everything: HTTP/1.1 and HTTP/2, each in
// clear and over TLS. It looks at the first bytes of a connection: a TLS
// handshake is taken off, and what is inside is looked at again; HTTP/2's
// preface goes to one listener, all else to the other.
package listen

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// peekTimeout bounds how long a client may be silent before it says what
	// it speaks.
	peekTimeout   = 10 * time.Second
	tlsHandshake  = 0x16
	http2Preface  = "PRI"
	acceptBacklog = 128
	// lastLook is how long nobody must have come before the port closes, which
	// resets those that wait at it.
	lastLook = 2 * time.Millisecond
	// lookGrace is how long a client that has connected just before the port
	// closes may take to say what it speaks.
	lookGrace = 250 * time.Millisecond
)

// Config says where to listen, and what connections may do.
type Config struct {
	Addr string
	// TLS may be nil: then TLS is refused.
	TLS *tls.Config
	// MaxConnections is how many may be open at once; more are closed. 0: no
	// limit.
	MaxConnections int
	// SendGrace is how long clients may go on sending over HTTP/1.1 once the
	// port is closed. 0: as long as they like.
	SendGrace time.Duration
}

// Port is a listening port that hands its connections to two listeners.
type Port struct {
	HTTP1, HTTP2 net.Listener

	inner *net.TCPListener
	cfg   Config
	http1 *handed
	http2 *handed
	// innerErr is how the closing of inner went; set before accept ends.
	innerErr error
	closed   chan struct{} // once nobody waits for those any more that are looked at
	wg       sync.WaitGroup

	mu      sync.Mutex
	closing time.Time             // when looking ends; zero: the port is open
	looking map[net.Conn]struct{} // connections that are being looked at
	live    map[*counted]struct{} // all connections
}

// New listens.
func New(ctx context.Context, cfg Config) (*Port, error) {
	var lc net.ListenConfig
	inner, err := lc.Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return nil, err
	}
	p := &Port{inner: inner.(*net.TCPListener), cfg: cfg, closed: make(chan struct{}), looking: map[net.Conn]struct{}{}, live: map[*counted]struct{}{}}
	p.http1 = &handed{port: p, conns: make(chan net.Conn, acceptBacklog)}
	p.http2 = &handed{port: p, conns: make(chan net.Conn, acceptBacklog)}
	p.HTTP1, p.HTTP2 = p.http1, p.http2
	p.wg.Go(p.accept)
	return p, nil
}

// Addr returns the address that is listened on.
func (p *Port) Addr() net.Addr { return p.inner.Addr() }

// Close stops listening. Connections that were handed over live on, and those
// that wait to be accepted still are, as are those whose client says what it
// speaks within a moment; then Accept returns net.ErrClosed.
func (p *Port) Close() error {
	if !p.stopLooking() {
		return nil
	}
	err := p.inner.SetDeadline(time.Now().Add(lastLook)) // accept closes it then
	giveUp := time.AfterFunc(lookGrace, func() { close(p.closed) })
	p.wg.Wait()
	if giveUp.Stop() {
		close(p.closed)
	}
	p.hurry()
	close(p.http1.conns) // nobody hands over any more
	close(p.http2.conns)
	return errors.Join(err, p.innerErr)
}

// stopLooking bounds the reads of those connections that are being looked at, so
// that a silent client does not hold up Close. It reports whether this call did
// it.
func (p *Port) stopLooking() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closing.IsZero() {
		return false
	}
	p.closing = time.Now().Add(lookGrace)
	for conn := range p.looking {
		_ = conn.SetReadDeadline(p.closing) // a broken one ends by itself
	}
	return true
}

// startLooking bounds how long conn may be silent. It reports whether conn is
// still usable.
func (p *Port) startLooking(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := p.closing
	if until.IsZero() {
		until = time.Now().Add(peekTimeout)
	}
	if conn.SetReadDeadline(until) != nil {
		return false
	}
	p.looking[conn] = struct{}{}
	return true
}

// doneLooking lifts the bound again. It reports whether conn is still usable.
func (p *Port) doneLooking(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.looking, conn)
	return conn.SetReadDeadline(time.Time{}) == nil
}

func (p *Port) accept() {
	defer func() { p.innerErr = p.inner.Close() }()
	alone := false // nobody has come since the last look
	for {
		conn, err := p.inner.Accept()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if alone || p.isClosed() || p.inner.SetDeadline(time.Now().Add(lastLook)) != nil {
				return
			}
			alone = true
			continue
		}
		if err != nil {
			select { // out of descriptors, say: others must end first
			case <-p.closed:
				return
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		alone = false
		if c := p.count(conn); c != nil {
			p.wg.Go(func() { p.route(c) })
		}
	}
}

// isClosed reports that the time of those is over who came last.
func (p *Port) isClosed() bool {
	select {
	case <-p.closed:
		return true
	default:
		return false
	}
}

// count takes a connection among the live ones; nil, and closed, where there
// are too many.
func (p *Port) count(conn net.Conn) *counted {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cfg.MaxConnections > 0 && len(p.live) >= p.cfg.MaxConnections {
		_ = conn.Close()
		return nil
	}
	c := &counted{Conn: conn, port: p}
	p.live[c] = struct{}{}
	return c
}

// hurry bounds how long clients may go on sending over HTTP/1.1. HTTP/2 reads
// all the time, and its server bounds each request for itself.
func (p *Port) hurry() {
	if p.cfg.SendGrace <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	last := time.Now().Add(p.cfg.SendGrace)
	for c := range p.live {
		if c.http1.Load() {
			c.hurry(last)
		}
	}
}

// route hands a connection over, or closes it.
func (p *Port) route(conn *counted) {
	if !p.startLooking(conn) {
		_ = conn.Close()
		return
	}
	looked, to := p.classify(conn)
	if !p.doneLooking(conn) || to == nil {
		_ = conn.Close()
		return
	}
	conn.http1.Store(to == p.http1)
	to.hand(looked)
}

func (p *Port) classify(conn net.Conn) (net.Conn, *handed) {
	looked := &peeked{Conn: conn, r: bufio.NewReaderSize(conn, 4096)}
	first, err := looked.r.Peek(1)
	if err != nil {
		return nil, nil
	}
	if first[0] == tlsHandshake {
		return p.unwrap(looked)
	}
	if first[0] != http2Preface[0] {
		return looked, p.http1
	}
	start, err := looked.r.Peek(len(http2Preface))
	if err != nil {
		return nil, nil
	}
	if string(start) == http2Preface {
		return looked, p.http2
	}
	return looked, p.http1
}

// unwrap takes the TLS off and looks at what is inside.
func (p *Port) unwrap(conn net.Conn) (net.Conn, *handed) {
	if p.cfg.TLS == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), peekTimeout) // its writes too
	defer cancel()
	plain := tls.Server(conn, p.cfg.TLS)
	if err := plain.HandshakeContext(ctx); err != nil {
		return nil, nil
	}
	inside := &peeked{Conn: plain, r: bufio.NewReaderSize(plain, 4096)}
	start, err := inside.r.Peek(len(http2Preface))
	if err != nil {
		return nil, nil
	}
	if string(start) == http2Preface {
		return inside, p.http2
	}
	return inside, p.http1
}

// handed is a listener of connections that were handed to it.
type handed struct {
	port  *Port
	conns chan net.Conn
}

func (h *handed) hand(conn net.Conn) {
	select {
	case h.conns <- conn:
	case <-h.port.closed:
		_ = conn.Close()
	}
}

// Accept implements net.Listener.
func (h *handed) Accept() (net.Conn, error) {
	conn, open := <-h.conns
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

// Close implements net.Listener. It leaves the port to its owner, for two
// servers share it.
func (h *handed) Close() error { return nil }

// Addr implements net.Listener.
func (h *handed) Addr() net.Addr { return h.port.Addr() }
