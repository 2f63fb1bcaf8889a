package rate_test

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/actionplane/actionplane/services/gateway/internal/rate"
)

func TestClientsOf(t *testing.T) {
	t.Parallel()
	clients := rate.Clients{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	for _, tc := range []struct{ name, peer, forwarded, want string }{
		{"Peer", "192.0.2.1:5", "", "192.0.2.1"},
		{"AStrangerIsNotBelieved", "192.0.2.1:5", "198.51.100.7", "192.0.2.1"},
		{"AProxyIs", "10.1.2.3:5", "198.51.100.7", "198.51.100.7"},
		{"ButNotWhatItWasToldItself", "10.1.2.3:5", "203.0.113.9, 198.51.100.7", "198.51.100.7"},
		{"ChainsOfProxies", "10.1.2.3:5", "203.0.113.9, 198.51.100.7, 10.9.9.9", "198.51.100.7"},
		{"ProxiesAlone", "10.1.2.3:5", "", "10.1.2.3"},
		{"Garbage", "10.1.2.3:5", "unknown", "10.1.2.3"},
		{"IPv6IsANetwork", "[2001:db8:1:2:3::4]:5", "", "2001:db8:1:2::/64"},
		{"IPv6Proxy", "[fd00::1]:5", "2001:db8:1:2::4", "2001:db8:1:2::/64"},
		{"MappedIPv4", "[::ffff:192.0.2.1]:5", "", "192.0.2.1"},
		{"NoAddress", "pipe", "", ""},
	} {
		r := &http.Request{RemoteAddr: tc.peer, Header: http.Header{}}
		if tc.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tc.forwarded)
		}
		if got := clients.Of(r); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}
