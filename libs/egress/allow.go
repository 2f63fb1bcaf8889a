package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// AllowList names private destinations that may be reached all the same. The
// zero value allows none. Lists are immutable and safe to share.
type AllowList struct {
	prefixes []netip.Prefix
	hosts    []string // lower case, without a trailing dot
	text     string   // canonical form; equal lists have equal text
}

// ParseAllow reads the syntax of ACTIONPLANE_EGRESS_ALLOW: CIDRs, single
// addresses and exact host names, comma separated; blank entries are skipped.
// Host names admit whatever they resolve to; there are no wildcards and no
// ports. The error names every entry that is wrong, and why.
func ParseAllow(list string) (AllowList, error) {
	var a AllowList
	var problems []error
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		if err := a.add(entry); err != nil {
			problems = append(problems, fmt.Errorf("allow list entry %q: %w", entry, err))
		}
	}
	if len(problems) > 0 {
		return AllowList{}, errors.Join(problems...)
	}
	a.canonicalize()
	return a, nil
}

// String returns the list in the syntax that ParseAllow reads.
func (a AllowList) String() string { return a.text }

// MarshalText returns the list as String does.
func (a AllowList) MarshalText() ([]byte, error) { return []byte(a.text), nil }

// UnmarshalText reads a list as ParseAllow does; it is what makes a list a
// configuration variable.
func (a *AllowList) UnmarshalText(text []byte) error {
	parsed, err := ParseAllow(string(text))
	if err == nil {
		*a = parsed
	}
	return err
}

func (a *AllowList) add(entry string) error {
	if strings.Contains(entry, "/") {
		return a.addPrefix(entry)
	}
	if addr, err := netip.ParseAddr(entry); err == nil {
		if addr.Zone() != "" || addr.Is4In6() {
			return errors.New("write the address without a zone, and IPv4 as IPv4")
		}
		a.prefixes = append(a.prefixes, netip.PrefixFrom(addr, addr.BitLen()))
		return nil
	}
	host := CanonicalHost(entry)
	if !validName(host) || endsInNumber(host) {
		return errors.New("neither a CIDR nor an address nor a plain host name")
	}
	a.hosts = append(a.hosts, host)
	return nil
}

func (a *AllowList) addPrefix(entry string) error {
	prefix, err := netip.ParsePrefix(entry)
	if err != nil {
		return errors.New("not a CIDR")
	}
	if prefix.Addr().Is4In6() {
		return errors.New("write IPv4 ranges as IPv4")
	}
	// Masking silently would admit more than was written.
	if prefix != prefix.Masked() {
		return fmt.Errorf("has bits beyond its mask, write %s", prefix.Masked())
	}
	a.prefixes = append(a.prefixes, prefix)
	return nil
}

func (a *AllowList) canonicalize() {
	slices.SortFunc(a.prefixes, netip.Prefix.Compare)
	a.prefixes = slices.Compact(a.prefixes)
	slices.Sort(a.hosts)
	a.hosts = slices.Compact(a.hosts)
	entries := make([]string, 0, len(a.prefixes)+len(a.hosts))
	for _, prefix := range a.prefixes {
		entries = append(entries, prefix.String())
	}
	a.text = strings.Join(append(entries, a.hosts...), ",")
}

// admits reports whether the list lets addr, reached through host, pass the
// rule that denies it. A sealed rule yields only to the very address.
func (a AllowList) admits(host string, addr netip.Addr, rule Rule) bool {
	if !rule.sealed && slices.Contains(a.hosts, host) {
		return true
	}
	return slices.ContainsFunc(a.prefixes, func(p netip.Prefix) bool {
		return p.Contains(addr) && (!rule.sealed || p.IsSingleIP())
	})
}
