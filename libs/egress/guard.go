// Package egress decides what our processes may connect to on behalf of
// others: targets that operators registered, addresses that scripts ask for.
// Everything that is not public is denied, by the resolved address and at the
// dial, except what an operator allows.
package egress

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"

	"github.com/actionplane/actionplane/libs/fault"
)

// ErrorID is the stable id of the wire for an endpoint that must not be
// called or that cannot be read (ZITADEL answers both with it).
const ErrorID = "EXEC-N5lu09"

// Guard decides which addresses may be dialed. It judges resolved addresses,
// at the dial: a name that resolves to something harmless first and to a
// private address later (DNS rebinding) gains nothing.
//
// The table is our own instead of a library's because a refusal must say which
// rule it was, host names must be allowable, and a wide allow-list entry must
// not open the clouds' metadata addresses with it.
type Guard struct {
	ranges ranges
	allow  AllowList
}

// NewGuard returns a Guard that denies everything that is not public, except
// what allow names.
func NewGuard(allow AllowList) *Guard {
	return &Guard{ranges: newRanges(), allow: allow}
}

// Admit returns nil if addr, which host resolved to, may be dialed, and a
// [*Denial] if not. The exemption is a target's own allow list beside the
// Guard's.
func (g *Guard) Admit(host string, addr netip.Addr, exemption AllowList) error {
	if err := g.AdmitHost(host, exemption); err != nil {
		return err
	}
	rule, denied := g.ranges.find(addr)
	if !denied {
		return nil
	}
	bare := addr.Unmap().WithZone("")
	if g.allow.admits(host, bare, rule) || exemption.admits(host, bare, rule) {
		return nil
	}
	return &Denial{Host: host, Addr: addr, Rule: rule}
}

// AdmitHost returns a [*Denial] for a canonical host name that stands for a
// cloud's metadata, whatever it resolves to, unless a list has that very name.
// It comes before the lookup, so that the refusal says why; what admits or
// refuses in the end is the address.
func (g *Guard) AdmitHost(host string, exemption AllowList) error {
	if !slices.Contains(metadataHosts[:], host) || slices.Contains(g.allow.hosts, host) || slices.Contains(exemption.hosts, host) {
		return nil
	}
	return &Denial{Host: host, Rule: Rule{Name: "name of a cloud's metadata"}}
}

// Control returns the hook of a net.Dialer (ControlContext) that is about to
// connect to host. It runs for every address that is tried, between the lookup
// and the first packet: what it admits is what is connected to.
func (g *Guard) Control(host string, exemption AllowList) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, network, address string, _ syscall.RawConn) error {
		addr, err := netip.ParseAddrPort(address)
		if err != nil || network != "tcp4" && network != "tcp6" {
			return fmt.Errorf("dial to %s %q: %w", network, address, errors.ErrUnsupported)
		}
		return g.Admit(host, addr.Addr(), exemption)
	}
}

// Denial is the refusal to call a target. It wraps the *[fault.Error] that the
// public APIs answer with.
type Denial struct {
	Host string     // as the endpoint names it, lower case
	Addr netip.Addr // what it resolved to; invalid when the notation was refused
	Rule Rule
}

// Error says what was refused and by which rule.
func (d *Denial) Error() string { return d.fault().Error() }

// Unwrap returns the wire's error: INVALID_ARGUMENT, EXEC-N5lu09.
func (d *Denial) Unwrap() error { return d.fault() }

func (d *Denial) fault() *fault.Error {
	return fault.Invalid("Errors.Endpoint.Denied: %s", d.reason()).WithID(ErrorID)
}

func (d *Denial) reason() string {
	switch {
	case !d.Addr.IsValid():
		return fmt.Sprintf("%q is denied by the rule: %s", d.Host, d.Rule)
	case d.Host == d.Addr.String():
		return fmt.Sprintf("%s is in %s", d.Addr, d.Rule)
	default:
		return fmt.Sprintf("%s is %s, in %s", d.Host, d.Addr, d.Rule)
	}
}
