package hostapi

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/actionplane/actionplane/libs/egress"
)

// TransportConfig says where scripts may connect to.
type TransportConfig struct {
	// Allow lists what may be reached although it is private, loopback or
	// otherwise special. All public addresses may be.
	Allow egress.AllowList
}

// NewTransport returns a transport that checks every address when it is dialed,
// after the name was resolved and again for each redirect, so that no name can
// change its mind in between. It knows no proxy: one would dial for us
// unchecked.
func NewTransport(cfg TransportConfig) *http.Transport {
	guard := egress.NewGuard(cfg.Allow)
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			host = egress.CanonicalHost(host)
			if err := egress.CheckHost(host); err != nil {
				return nil, err
			}
			dialer := &net.Dialer{Timeout: 5 * time.Second, ControlContext: guard.Control(host, egress.AllowList{})}
			return dialer.DialContext(ctx, network, address)
		},
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           16,
		MaxIdleConnsPerHost:    4,
		MaxConnsPerHost:        8,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}
