package sender

import (
	"encoding/base64"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/fault"
)

// endpoint is a target's URL taken apart into what a connection needs and what
// a request line needs.
type endpoint struct {
	secure    bool
	host      string // lower case, without trailing dot, brackets or port
	port      string
	authority string // value of the Host header
	target    string // path and query, "/" at least
	basicAuth string // credentials of the URL in base64, usually empty
}

// parseEndpoint reads an http or https URL. What it returns as error never
// repeats credentials, path or query, which may be secret. A host in a
// notation that some resolvers read as an address is a [*egress.Denial].
func parseEndpoint(raw string) (endpoint, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return endpoint{}, invalidEndpoint("cannot be read")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return endpoint{}, invalidEndpoint("scheme is neither http nor https")
	}
	e := endpoint{secure: u.Scheme == "https", host: egress.CanonicalHost(u.Hostname()), target: requestTarget(u)}
	if err := egress.CheckHost(e.host); errors.Is(err, egress.ErrHost) {
		return endpoint{}, invalidEndpoint(err.Error())
	} else if err != nil {
		return endpoint{}, err
	}
	if e.port, err = portOf(u); err != nil {
		return endpoint{}, err
	}
	e.authority = authority(e.host, u.Port())
	if u.User != nil {
		password, _ := u.User.Password()
		e.basicAuth = base64.StdEncoding.EncodeToString([]byte(u.User.Username() + ":" + password))
	}
	return e, nil
}

// String returns scheme, host and port: what may stand in logs.
func (e endpoint) String() string {
	if e.secure {
		return "https://" + e.address()
	}
	return "http://" + e.address()
}

// address returns host and port as a dialer takes them.
func (e endpoint) address() string { return net.JoinHostPort(e.host, e.port) }

func invalidEndpoint(why string) error {
	return fault.Invalid("Errors.Endpoint.Invalid: %s", why).
		WithID(egress.ErrorID).Because(errInvalid)
}

// errInvalid marks requests that were wrong before anything was dialed.
var errInvalid = errors.New("invalid request")

func portOf(u *url.URL) (string, error) {
	port := u.Port()
	if port == "" && u.Scheme == "https" {
		return "443", nil
	}
	if port == "" {
		return "80", nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", invalidEndpoint("port is not between 1 and 65535")
	}
	if port[0] != '0' {
		return port, nil // canonical already
	}
	return strconv.FormatUint(n, 10), nil
}

// authority builds the Host header; a zone names an interface of ours and
// stays here.
func authority(host, port string) string {
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is6() {
		host = "[" + addr.WithZone("").String() + "]"
	}
	if port == "" {
		return host
	}
	return host + ":" + port
}

// requestTarget returns path and query. url.Parse lets blanks stand in a
// query; on a request line they would end it.
func requestTarget(u *url.URL) string {
	return strings.ReplaceAll(u.RequestURI(), " ", "%20")
}
