package rate

import (
	"net/http"
	"net/netip"
	"strings"
)

// Clients tells where requests come from.
type Clients struct {
	// Trusted are the proxies whose X-Forwarded-For is believed.
	Trusted []netip.Prefix
}

// Of returns the client's address: of an IPv6 one the network, for one host
// has all of it. "" where it cannot be told.
func (c Clients) Of(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	client := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && c.trusts(client); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		client = hop.Unmap()
	}
	if client.Is4() {
		return client.String()
	}
	network, err := client.WithZone("").Prefix(64)
	if err != nil {
		return ""
	}
	return network.String()
}

func (c Clients) trusts(peer netip.Addr) bool {
	for _, p := range c.Trusted {
		if p.Contains(peer) {
			return true
		}
	}
	return false
}
