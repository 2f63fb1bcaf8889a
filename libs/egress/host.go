package egress

import (
	"errors"
	"net/netip"
	"strings"
)

// maxHostName is the longest host name DNS can carry, in bytes.
const maxHostName = 253

// ErrHost is a host that is neither an address nor a plain ASCII name.
var ErrHost = errors.New("host is not a plain ASCII name or address")

// metadataHosts are the names under which clouds serve credentials to whoever
// asks from inside.
var metadataHosts = [...]string{
	"metadata", "metadata.google.internal", "metadata.goog", "metadata.azure.internal",
	"instance-data", "instance-data.ec2.internal", "metadata.tencentyun.com", "metadata.platformequinix.com",
}

// CanonicalHost returns the host in lower case and without a trailing dot, as
// allow lists and denials spell it.
func CanonicalHost(host string) string {
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// CheckHost refuses a canonical host that must not even be looked up: with
// ErrHost, or with a *Denial where some resolvers would read it as an address.
func CheckHost(host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	// 0x7f.1, 2130706433 or 0177.0.0.1: we would ask DNS for them, but others
	// read them as 127.0.0.1, so nobody honest writes them.
	if endsInNumber(host) {
		return &Denial{Host: host, Rule: Rule{Name: "address in an odd notation"}}
	}
	if !validName(host) {
		return ErrHost
	}
	return nil
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
