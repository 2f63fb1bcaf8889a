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
// registries (RFC 6890 and its successors), in which no receiver of webhooks
// lives, and the addresses where clouds serve credentials to whoever asks from
// inside.
//
// Addresses that carry an IPv4 address (IPv4-mapped, IPv4-compatible, NAT64,
// 6to4, Teredo) are denied whatever they carry: where they lead is decided by a
// gateway that we do not know. Receivers have plain addresses.
type ranges struct {
	v4, v6 []Rule
	public netip.Prefix // the only part of IPv6 in which anything public lives
}

func newRanges() ranges {
	return ranges{v4: v4Rules(), v6: v6Rules(), public: netip.MustParsePrefix("2000::/3")}
}

func v4Rules() []Rule {
	return []Rule{
		sealed("169.254.169.254/32", "link-local, cloud metadata"), // AWS, Google, Azure, Oracle, OpenStack, …
		sealed("169.254.170.2/32", "link-local, cloud metadata of containers"),
		sealed("169.254.170.23/32", "link-local, cloud metadata of containers"),
		sealed("169.254.42.42/32", "link-local, cloud metadata"), // Scaleway
		sealed("169.254.0.23/32", "link-local, cloud metadata"),  // Tencent
		sealed("100.100.100.200/32", "cloud metadata"),           // Alibaba
		sealed("192.0.0.192/32", "cloud metadata"),               // Oracle
		sealed("168.63.129.16/32", "cloud platform address"),     // Azure
		open("127.0.0.0/8", "loopback"),                          // RFC 1122
		open("10.0.0.0/8", "private"),                            // RFC 1918
		open("172.16.0.0/12", "private"),
		open("192.168.0.0/16", "private"),
		sealed("169.254.0.0/16", "link-local"),         // RFC 3927
		open("100.64.0.0/10", "carrier-grade NAT"),     // RFC 6598
		open("0.0.0.0/8", "this network, unspecified"), // RFC 791
		open("192.0.0.0/24", "protocol assignments"),   // RFC 6890
		open("192.0.2.0/24", "documentation"),          // RFC 5737
		open("198.51.100.0/24", "documentation"),       // RFC 5737
		open("203.0.113.0/24", "documentation"),        // RFC 5737
		open("192.88.99.0/24", "6to4 relay"),           // RFC 7526
		open("192.31.196.0/24", "AS112"),               // RFC 7535
		open("192.175.48.0/24", "AS112"),               // RFC 7534
		open("192.52.193.0/24", "multicast tunneling"), // RFC 7450
		open("198.18.0.0/15", "benchmarking"),          // RFC 2544
		open("224.0.0.0/4", "multicast"),               // RFC 5771
		open("255.255.255.255/32", "broadcast"),        // RFC 919
		open("240.0.0.0/4", "reserved"),                // RFC 1112
	}
}

func v6Rules() []Rule {
	return []Rule{
		sealed("fd00:ec2::254/128", "cloud metadata"),               // AWS
		sealed("fd00:ec2::23/128", "cloud metadata of containers"),  // AWS
		sealed("fd20:ce::254/128", "cloud metadata"),                // Google
		sealed("fd00:42::42/128", "cloud metadata"),                 // Scaleway
		sealed("fe80::a9fe:a9fe/128", "link-local, cloud metadata"), // OpenStack
		open("::1/128", "loopback"),                                 // RFC 4291
		open("::/128", "unspecified"),                               // RFC 4291
		open("::ffff:0:0/96", "IPv4-mapped"),                        // RFC 4291
		open("::/96", "IPv4-compatible"),                            // RFC 4291
		open("64:ff9b::/96", "NAT64"),                               // RFC 6052
		open("64:ff9b:1::/48", "local NAT64"),                       // RFC 8215
		open("100::/64", "discard"),                                 // RFC 6666
		open("2001::/32", "Teredo"),                                 // RFC 4380
		open("2001:2::/48", "benchmarking"),                         // RFC 5180
		open("2001:db8::/32", "documentation"),                      // RFC 3849
		open("2001::/23", "protocol assignments"),                   // RFC 2928
		open("2002::/16", "6to4"),                                   // RFC 3056
		open("3fff::/20", "documentation"),                          // RFC 9637
		open("2620:4f:8000::/48", "AS112"),                          // RFC 7534
		open("fc00::/7", "unique local"),                            // RFC 4193
		open("fe80::/10", "link-local"),                             // RFC 4291
		open("fec0::/10", "site-local"),                             // RFC 3879
		open("ff00::/8", "multicast"),                               // RFC 4291
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
