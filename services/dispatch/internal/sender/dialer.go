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

// connect resolves and dials an endpoint. The control hook runs for every
// address that is tried, between the lookup and the first packet: what it
// admits is what is connected to.
func (d *dialer) connect(ctx context.Context, e endpoint, exemption AllowList) (*connection, error) {
	nd := net.Dialer{
		Resolver: d.resolver,
		ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
			addr, err := netip.ParseAddrPort(address)
			if err != nil || network != "tcp4" && network != "tcp6" {
				return fmt.Errorf("dial to %s %q: %w", network, address, errors.ErrUnsupported)
			}
			return d.guard.Admit(e.host, addr.Addr(), exemption)
		},
	}
	plain, err := nd.DialContext(ctx, "tcp", e.address())
	if err != nil {
		return nil, err
	}
	c, err := newConnection(plain)
	if err != nil {
		_ = plain.Close() // the error to report is the first one
		return nil, err
	}
	return c, nil
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
