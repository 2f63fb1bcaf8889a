package egress

import "net/netip"

// Rule is a range of addresses that targets must not have.
type Rule struct {
	Prefix netip.Prefix // invalid for rules about notation
	Name   string       // what the range is for, e.g. "loopback"
	sealed bool         // only an allow-list entry for the single address lifts it
}

// String returns e.g. "127.0.0.0/8 (loopback)".
func (r Rule) String() string {
	if !r.Prefix.IsValid() {
		return r.Name
	}
	return r.Prefix.String() + " (" + r.Name + ")"
}

// ranges is the deny table, most telling rule first: the IANA special-purpose
// registries, in which no receiver of webhooks lives, and the addresses where
// clouds serve credentials to whoever asks from inside.
type ranges struct {
	v4, v6 []Rule
	public netip.Prefix // the only part of IPv6 in which anything public lives
}

func newRanges() ranges {
	return ranges{v4: v4Rules(), v6: v6Rules(), public: netip.MustParsePrefix("2000::/3")}
}

func v4Rules() []Rule {
	return []Rule{
		sealed("169.254.169.254/32", "cloud metadata"),
		sealed("169.254.170.2/32", "cloud metadata of containers"),
		sealed("100.100.100.200/32", "cloud metadata"),
		sealed("168.63.129.16/32", "cloud platform address"),
		open("127.0.0.0/8", "loopback"),
		open("10.0.0.0/8", "private"),
		open("172.16.0.0/12", "private"),
		open("192.168.0.0/16", "private"),
		open("169.254.0.0/16", "link-local"),
		open("100.64.0.0/10", "carrier-grade NAT"),
		open("0.0.0.0/8", "this network, unspecified"),
		open("192.0.0.0/24", "protocol assignments"),
		open("192.0.2.0/24", "documentation"),
		open("198.51.100.0/24", "documentation"),
		open("203.0.113.0/24", "documentation"),
		open("192.88.99.0/24", "6to4 relay"),
		open("192.31.196.0/24", "AS112"),
		open("192.175.48.0/24", "AS112"),
		open("192.52.193.0/24", "multicast tunneling"),
		open("198.18.0.0/15", "benchmarking"),
		open("224.0.0.0/4", "multicast"),
		open("255.255.255.255/32", "broadcast"),
		open("240.0.0.0/4", "reserved"),
	}
}

func v6Rules() []Rule {
	return []Rule{
		sealed("fd00:ec2::254/128", "cloud metadata"),
		sealed("fd20:ce::254/128", "cloud metadata"),
		open("::1/128", "loopback"),
		open("::/128", "unspecified"),
		open("::ffff:0:0/96", "IPv4-mapped"),
		open("::/96", "IPv4-compatible"),
		open("64:ff9b::/96", "NAT64"),
		open("64:ff9b:1::/48", "local NAT64"),
		open("100::/64", "discard"),
		open("2001::/32", "Teredo"),
		open("2001:db8::/32", "documentation"),
		open("2001::/23", "protocol assignments"),
		open("2002::/16", "6to4"),
		open("3fff::/20", "documentation"),
		open("2620:4f:8000::/48", "AS112"),
		open("fc00::/7", "unique local"),
		open("fe80::/10", "link-local"),
		open("fec0::/10", "site-local"),
		open("ff00::/8", "multicast"),
	}
}

func open(cidr, name string) Rule { return Rule{Prefix: netip.MustParsePrefix(cidr), Name: name} }

func sealed(cidr, name string) Rule {
	return Rule{Prefix: netip.MustParsePrefix(cidr), Name: name, sealed: true}
}

// find returns the rule that denies addr. An IPv4-mapped address is judged by
// what it maps to, and is denied as such where that alone would be fine.
func (r ranges) find(addr netip.Addr) (Rule, bool) {
	addr = addr.WithZone("") // a prefix never contains an address with a zone
	if addr.Is4In6() {
		if rule, denied := first(r.v4, addr.Unmap()); denied {
			return rule, true
		}
	}
	if addr.Is4() {
		return first(r.v4, addr)
	}
	if rule, denied := first(r.v6, addr); denied {
		return rule, true
	}
	if !r.public.Contains(addr) {
		return Rule{Name: "not global unicast"}, true
	}
	return Rule{}, false
}

func first(rules []Rule, addr netip.Addr) (Rule, bool) {
	for _, rule := range rules {
		if rule.Prefix.Contains(addr) {
			return rule, true
		}
	}
	return Rule{}, false
}
