// Package cost says what one piece of work costs each part of the house: CPU
// time, messages, commands, and bytes on disks. A Sheet is what was measured on
// one machine; a Tariff is derived from it and scales with what a piece of work
// is made of.
package cost

import (
	"maps"
	"slices"
	"strings"
)

// Resource is something of which work needs an amount. Its unit follows from
// its kind, see the constructors and constants.
type Resource string

// Resources that are not one part's.
const (
	NATSMessages  Resource = "nats/messages"         // in and out of the server
	NATSBytes     Resource = "nats/bytes"            // in and out of the server
	RedisCommands Resource = "redis/commands"        // of all services
	WALBytes      Resource = "postgres/wal"          // bytes of write-ahead log
	Transactions  Resource = "postgres/transactions" // committed
)

// CPU is microseconds of a part's CPU time, kernel included.
func CPU(part string) Resource { return Resource("cpu/" + part) }

// Disk is bytes that a service's tables and their indexes grow by.
func Disk(service string) Resource { return Resource("disk/" + service) }

// Parts that are not services.
const (
	Postgres = "postgres"
	NATS     = "nats"
	Redis    = "redis"
)

// Services are those that run as processes of their own.
var Services = []string{"gateway", "access", "executions", "dispatch", "scripts", "targets", "actions", "approvals"}

// Amounts are what something needs of each resource.
type Amounts map[Resource]float64

// Plus returns a + times x b.
func (a Amounts) Plus(times float64, b Amounts) Amounts {
	sum := maps.Clone(a)
	if sum == nil {
		sum = Amounts{}
	}
	for r, v := range b {
		sum[r] += times * v
	}
	return sum
}

// Times returns a multiple.
func (a Amounts) Times(n float64) Amounts { return Amounts(nil).Plus(n, a) }

// Minus returns the difference, nothing below zero: what two measurements
// differ by less than their error is nothing.
func (a Amounts) Minus(b Amounts) Amounts {
	rest := a.Plus(-1, b)
	for r, v := range rest {
		rest[r] = max(0, v)
	}
	return rest
}

// Without returns a without the CPU time of some parts.
func (a Amounts) Without(parts ...string) Amounts {
	rest := maps.Clone(a)
	for _, p := range parts {
		delete(rest, CPU(p))
	}
	return rest
}

// Kind returns the sum over all resources of a kind, e.g. "disk".
func (a Amounts) Kind(kind string) (sum float64) {
	for _, r := range slices.Sorted(maps.Keys(a)) { // in order: floats do not add up alike in any
		if strings.HasPrefix(string(r), kind+"/") {
			sum += a[r]
		}
	}
	return sum
}
