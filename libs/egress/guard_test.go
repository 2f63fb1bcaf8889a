package egress

import (
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"code.dny.dev/ssrf"
	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/fault"
)

func TestGuardDenies(t *testing.T) {
	t.Parallel()
	guard := NewGuard(AllowList{})
	for addr, rule := range map[string]string{
		"127.0.0.1":                   "loopback",
		"127.255.255.254":             "loopback",
		"10.1.2.3":                    "private",
		"172.31.255.255":              "private",
		"192.168.0.1":                 "private",
		"169.254.1.1":                 "link-local",
		"169.254.169.254":             "cloud metadata",
		"169.254.170.2":               "cloud metadata",
		"169.254.170.23":              "cloud metadata",
		"169.254.42.42":               "cloud metadata",
		"192.0.0.192":                 "cloud metadata",
		"fd00:ec2::23":                "cloud metadata",
		"fe80::a9fe:a9fe":             "cloud metadata",
		"fe80::a9fe:a9fe%eth0":        "cloud metadata",
		"2001:2::1":                   "benchmarking",
		"168.63.129.16":               "cloud platform",
		"100.64.0.1":                  "carrier-grade NAT",
		"100.100.100.200":             "cloud metadata",
		"0.0.0.0":                     "unspecified",
		"198.18.0.1":                  "benchmarking",
		"192.0.2.1":                   "documentation",
		"224.0.0.1":                   "multicast",
		"255.255.255.255":             "broadcast",
		"240.0.0.1":                   "reserved",
		"::":                          "unspecified",
		"::1":                         "loopback",
		"::127.0.0.1":                 "IPv4-compatible",
		"::ffff:127.0.0.1":            "loopback",
		"::ffff:169.254.169.254":      "cloud metadata",
		"::ffff:8.8.8.8":              "IPv4-mapped",
		"64:ff9b::7f00:1":             "NAT64",
		"64:ff9b::808:808":            "NAT64",
		"64:ff9b:1::1":                "local NAT64",
		"2002:7f00:1::1":              "6to4",
		"2001::1":                     "Teredo",
		"fc00::1":                     "unique local",
		"fd00:ec2::254":               "cloud metadata",
		"fe80::1":                     "link-local",
		"fe80::1%eth0":                "link-local",
		"fec0::1":                     "site-local",
		"ff02::1":                     "multicast",
		"100::1":                      "discard",
		"2001:db8::1":                 "documentation",
		"4000::1":                     "not global unicast",
		"::ffff:0:127.0.0.1":          "not global unicast",
		"64:ff9b:0:0:0:1:127.0.0.1":   "not global unicast",
		"5f00::1":                     "not global unicast",
		"2001:10::1":                  "protocol assignments",
		"2001:0:4136:e378:8000::3ffe": "Teredo",
	} {
		err := guard.Admit("x.test", netip.MustParseAddr(addr), AllowList{})
		var denial *Denial
		if !errors.As(err, &denial) || !strings.Contains(err.Error(), rule) {
			t.Errorf("Admit(%s) = %v, want a denial that says %q", addr, err, rule)
		}
	}
}

func TestGuardAdmits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, allow, exemption, host, addr string
		want                               bool
	}{
		{"PublicIPv4", "", "", "x.test", "8.8.8.8", true},
		{"PublicIPv6", "", "", "x.test", "2606:4700::1111", true},
		{"AnAllowedRange", "10.0.0.0/8", "", "x.test", "10.9.9.9", true},
		{"NotBesideTheRange", "10.0.0.0/9", "", "x.test", "10.200.0.1", false},
		{"AnAllowedHostWhereverItIs", "sink.internal", "", "sink.internal", "10.0.0.1", true},
		{"NotItsSubdomain", "sink.internal", "", "a.sink.internal", "10.0.0.1", false},
		{"NotItsParent", "a.sink.internal", "", "sink.internal", "10.0.0.1", false},
		{"NotASuffix", "sink.internal", "", "xsink.internal", "10.0.0.1", false},
		{"ATargetsOwnExemption", "", "192.168.7.0/24", "x.test", "192.168.7.1", true},
		{"MappedNotationOfAnAllowedAddress", "127.0.0.0/8", "", "x.test", "::ffff:127.0.0.1", true},
		{"NoMetadataThroughAWideRange", "0.0.0.0/0", "", "x.test", "169.254.169.254", false},
		{"NoMetadataThroughAHostName", "metadata.test", "", "metadata.test", "169.254.169.254", false},
		{"NoLinkLocalThroughAWideRange", "169.254.0.0/16", "0.0.0.0/0", "x.test", "169.254.7.7", false},
		{"MetadataWhenNamedExactly", "169.254.169.254", "", "x.test", "169.254.169.254", true},
		{"AllowedIPv6Loopback", "::1", "", "x.test", "::1", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := NewGuard(allow(t, c.allow)).Admit(c.host, netip.MustParseAddr(c.addr), allow(t, c.exemption))
			if got := err == nil; got != c.want {
				t.Errorf("Admit(%s, %s) = %v, want admitted: %t", c.host, c.addr, err, c.want)
			}
		})
	}
}

func TestGuardDeniesMetadataByName(t *testing.T) {
	t.Parallel()
	public := netip.MustParseAddr("8.8.8.8")
	for _, c := range []struct {
		host, allow, exemption string
		want                   bool
	}{
		{"metadata.google.internal", "", "", false},
		{"metadata.google.internal", "0.0.0.0/0", "", false},
		{"metadata.google.internal", "metadata.google.internal", "", true},
		{"metadata.google.internal", "", "metadata.google.internal", true},
		{"x.metadata.google.internal", "", "", true},
		{"sink.test", "", "", true},
	} {
		guard := NewGuard(allow(t, c.allow))
		for name, err := range map[string]error{"AdmitHost": guard.AdmitHost(c.host, allow(t, c.exemption)), "Admit": guard.Admit(c.host, public, allow(t, c.exemption))} {
			if (err == nil) != c.want || err != nil && !strings.Contains(err.Error(), "metadata") {
				t.Errorf("%s(%s) with %q and %q = %v", name, c.host, c.allow, c.exemption, err)
			}
		}
	}
}

func TestDenialIsTheWiresError(t *testing.T) {
	t.Parallel()
	err := NewGuard(AllowList{}).Admit("localhost", netip.MustParseAddr("127.0.0.1"), AllowList{})
	known, ok := fault.As(err)
	if !ok || known.Code != fault.CodeInvalid || known.ID != "EXEC-N5lu09" || !strings.HasPrefix(known.Message, "Errors.Endpoint.Denied") {
		t.Errorf("fault = %+v", known)
	}
	want := "Errors.Endpoint.Denied: localhost is 127.0.0.1, in 127.0.0.0/8 (loopback) (EXEC-N5lu09)"
	if err.Error() != want {
		t.Errorf("error = %q, want %q", err, want)
	}
}

// TestGuardDeniesWhatTheLibraryDenies checks our table against one that others
// keep up to date: code.dny.dev/ssrf follows the IANA registries.
func TestGuardDeniesWhatTheLibraryDenies(t *testing.T) {
	t.Parallel()
	ours, theirs := NewGuard(AllowList{}), ssrf.New(ssrf.WithAnyPort())
	check := func(t *rapid.T, addr netip.Addr) {
		network := "tcp6"
		if addr.Is4() {
			network = "tcp4"
		}
		refused := theirs.Safe(network, netip.AddrPortFrom(addr, 443).String(), syscall.RawConn(nil)) != nil
		if refused && ours.Admit("x.test", addr, AllowList{}) == nil {
			t.Fatalf("the library refuses %s, we do not", addr)
		}
	}
	// Random addresses seldom hit a small range, so half of them lie in one.
	bases := append(append([]netip.Prefix{}, ssrf.IPv4DeniedPrefixes...), ssrf.IPv6DeniedPrefixes...)
	rapid.Check(t, func(t *rapid.T) {
		addr := netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "v6")))
		if rapid.Bool().Draw(t, "is4") {
			addr = netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "v4")))
		}
		check(t, addr)
		check(t, within(rapid.SampledFrom(bases).Draw(t, "range"), addr))
	})
	for _, base := range bases {
		if ours.Admit("x.test", base.Addr(), AllowList{}) == nil {
			t.Errorf("the library refuses %s, we do not", base)
		}
	}
}

// within moves addr into the prefix, keeping what of it the mask leaves free.
func within(p netip.Prefix, addr netip.Addr) netip.Addr {
	bytes, free := p.Addr().AsSlice(), addr.AsSlice()
	for i := range bytes {
		for bit := range 8 {
			if i*8+bit >= p.Bits() {
				bytes[i] |= free[i%len(free)] & (0x80 >> bit)
			}
		}
	}
	moved, _ := netip.AddrFromSlice(bytes)
	return moved
}

func allow(t testing.TB, list string) AllowList {
	t.Helper()
	a, err := ParseAllow(list)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func BenchmarkGuard(b *testing.B) {
	guard, addr := NewGuard(AllowList{}), netip.MustParseAddr("2606:4700::1111")
	b.ReportAllocs()
	for b.Loop() {
		_ = guard.Admit("x.test", addr, AllowList{})
	}
}
