package weburl

import (
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// parseHost normalizes a host. Only a special scheme's host is a domain or an
// IPv4 address; others are kept as they are.
func parseHost(text string, special bool) (string, bool) {
	if inside, ok := strings.CutPrefix(text, "["); ok {
		inside, ok = strings.CutSuffix(inside, "]")
		addr, err := netip.ParseAddr(inside)
		if !ok || err != nil || !addr.Is6() || addr.Zone() != "" {
			return "", false
		}
		return "[" + ipv6(addr) + "]", true
	}
	if !special {
		return encode(text, inOpaque), !strings.ContainsAny(text, "\x00\t\n\r #/:<>?@[\\]^|")
	}
	name, ok := domain(percentDecode(text))
	if !ok || name == "" || strings.ContainsAny(name, "\x00\t\n\r #/:<>?@[\\]^|%") || hasControl(name) {
		return "", false
	}
	return ipv4(strings.ToLower(name))
}

// domain returns the ASCII form of a domain, which is its own ASCII form.
func domain(text string) (string, bool) {
	if text = strings.ToValidUTF8(text, "\ufffd"); strings.ContainsRune(text, '\ufffd') {
		return "", false
	}
	profile := idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))
	name, err := profile.ToASCII(text)
	if err != nil {
		return "", false
	}
	again, err := profile.ToASCII(name)
	return name, err == nil && again == name
}

func hasControl(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0
}

// ipv6 prints an address without the dotted notation that netip has for
// mapped ones.
func ipv6(addr netip.Addr) string {
	if !addr.Is4In6() {
		return addr.String()
	}
	b := addr.As16()
	word := func(i int) string { return strconv.FormatUint(uint64(b[i])<<8|uint64(b[i+1]), 16) }
	return "::ffff:" + word(12) + ":" + word(14)
}

// ipv4 turns a host whose last label is a number into an address, and reports
// whether that can be done. Other hosts stay.
func ipv4(name string) (string, bool) {
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	if !isNumber(labels[len(labels)-1]) {
		return name, true
	}
	if len(labels) > 4 {
		return "", false
	}
	var address uint64
	for i, label := range labels {
		n, ok := number(label)
		last := i == len(labels)-1
		switch {
		case !ok || !last && n > 255 || last && n >= 1<<(8*(5-len(labels))):
			return "", false
		case last:
			address |= n
		default:
			address |= n << (8 * (3 - i))
		}
	}
	b := [4]byte{byte(address >> 24), byte(address >> 16), byte(address >> 8), byte(address)}
	return netip.AddrFrom4(b).String(), true
}

func isNumber(label string) bool {
	if label != "" && strings.Trim(label, "0123456789") == "" {
		return true
	}
	_, ok := number(label)
	return ok
}

// number reads decimal, octal (0...) and hexadecimal (0x...).
func number(label string) (uint64, bool) {
	base := 10
	switch {
	case label == "":
		return 0, false
	case strings.HasPrefix(label, "0x") || strings.HasPrefix(label, "0X"):
		label, base = label[2:], 16
		if label == "" {
			return 0, true
		}
	case len(label) > 1 && label[0] == '0':
		label, base = label[1:], 8
	}
	n, err := strconv.ParseUint(label, base, 33)
	return n, err == nil
}
