package sender

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/actionplane/actionplane/libs/egress"
)

// readBuffer is the size of a connection's read buffer in bytes. It stays with
// the connection while that is kept, so it is small.
const readBuffer = 4 << 10

// dialer opens connections to addresses that the guard admits.
type dialer struct {
	guard    *egress.Guard
	resolver *net.Resolver
	tls      *tls.Config // cloned for each host
}

// connect resolves and dials an endpoint; the guard judges every address that
// is tried.
func (d *dialer) connect(ctx context.Context, e endpoint, exemption egress.AllowList) (*connection, error) {
	if err := d.guard.AdmitHost(e.host, exemption); err != nil {
		return nil, err
	}
	nd := net.Dialer{Resolver: d.resolver, ControlContext: d.guard.Control(e.host, exemption)}
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
func (d *dialer) handshake(ctx context.Context, c *connection, host string, i *Identity) error {
	config := d.tls.Clone()
	config.ServerName = host
	i.apply(config)
	secured := tls.Client(c.Conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("tls handshake: %w", err)
	}
	c.Conn, c.reader = secured, bufio.NewReaderSize(secured, readBuffer)
	return nil
}
