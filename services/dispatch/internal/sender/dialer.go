package sender

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// readBuffer is the size of a connection's read buffer in bytes. It stays with
// the connection while that is kept, so it is small.
const readBuffer = 4 << 10

// dialer opens connections to addresses that the guard admits.
type dialer struct {
	guard    *Guard
	resolver *net.Resolver
	tls      *tls.Config // cloned for each host
}

// dial connects to the attempt's endpoint, within its deadline.
func (d *dialer) dial(ctx context.Context, a *attempt) (*connection, error) {
	ctx, cancel := context.WithDeadline(ctx, a.deadline)
	defer cancel()
	a.stage = StageConnect
	began := time.Now()
	plain, err := d.connect(ctx, a)
	if err != nil {
		return nil, err
	}
	connected := time.Now()
	a.resp.Timings.Connect = connected.Sub(began)
	c, err := newConnection(plain)
	if err != nil {
		_ = plain.Close() // the error to report is the first one
		return nil, err
	}
	if !a.endpoint.secure {
		return c, nil
	}
	a.stage = StageTLS
	if err := d.handshake(ctx, c, a.endpoint.host); err != nil {
		_ = c.Close() // the error to report is the handshake's
		return nil, err
	}
	a.resp.Timings.TLS = time.Since(connected)
	return c, nil
}

// connect resolves and dials. The control hook runs for every address that is
// tried, between the lookup and the first packet: what it admits is what is
// connected to.
func (d *dialer) connect(ctx context.Context, a *attempt) (net.Conn, error) {
	nd := net.Dialer{
		Resolver: d.resolver,
		ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
			addr, err := netip.ParseAddrPort(address)
			if err != nil || network != "tcp4" && network != "tcp6" {
				return fmt.Errorf("dial to %s %q: %w", network, address, errors.ErrUnsupported)
			}
			return d.guard.Admit(a.endpoint.host, addr.Addr(), a.req.Allow)
		},
	}
	return nd.DialContext(ctx, "tcp", a.endpoint.address())
}

// handshake wraps c in TLS.
func (d *dialer) handshake(ctx context.Context, c *connection, host string) error {
	config := d.tls.Clone()
	config.ServerName = host
	secured := tls.Client(c.Conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("tls handshake: %w", err)
	}
	c.Conn, c.reader = secured, bufio.NewReaderSize(secured, readBuffer)
	return nil
}
