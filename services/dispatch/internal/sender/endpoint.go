package sender

import (
	"encoding/base64"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/actionplane/actionplane/libs/fault"
)

// maxHostName is the longest host name DNS can carry, in bytes.
const maxHostName = 253

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
// notation that some resolvers read as an address is a [*Denial].
func parseEndpoint(raw string) (endpoint, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return endpoint{}, invalidEndpoint("cannot be read")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return endpoint{}, invalidEndpoint("scheme is neither http nor https")
	}
	e := endpoint{secure: u.Scheme == "https", host: canonicalHost(u.Hostname()), target: requestTarget(u)}
	if err := e.checkHost(); err != nil {
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

func (e endpoint) checkHost() error {
	if _, err := netip.ParseAddr(e.host); err == nil {
		return nil
	}
	// 0x7f.1, 2130706433 or 0177.0.0.1: we would ask DNS for them, but others
	// read them as 127.0.0.1, so nobody honest writes them.
	if endsInNumber(e.host) {
		return &Denial{Host: e.host, Rule: Rule{Name: "address in an odd notation"}}
	}
	if !validName(e.host) {
		return invalidEndpoint("host is not a plain ASCII name or address")
	}
	return nil
}

func invalidEndpoint(why string) error {
	return fault.Invalid("Errors.Endpoint.Invalid: %s", why).
		WithID(endpointErrorID).Because(errInvalid)
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

func canonicalHost(host string) string {
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// validName reports whether host is made of labels with the characters of host
// names. Names beyond ASCII must come in their xn-- form.
func validName(host string) bool {
	labelled := host != "" && host[0] != '.' && host[len(host)-1] != '.' && !strings.Contains(host, "..")
	return labelled && len(host) <= maxHostName && strings.IndexFunc(host, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
	}) < 0
}

// endsInNumber reports whether the last label is a number, decimal or
// hexadecimal: the mark by which the WHATWG URL standard tells addresses from
// names. No top-level domain is a number.
func endsInNumber(host string) bool {
	label := host[strings.LastIndexByte(host, '.')+1:]
	if digits, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return label != "" && strings.Trim(label, "0123456789") == ""
}
