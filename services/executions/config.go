package executions

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	"github.com/actionplane/actionplane/services/executions/internal/chain"
)

// Config is what an operator may set.
type Config struct {
	CatalogStrict       []string      `env:"ACTIONPLANE_CATALOG_STRICT" doc:"who may set no conditions on methods, services and functions that nobody has announced: true for everybody, false for nobody, or the ids of tenants"`
	CatalogMaxEntries   int           `env:"ACTIONPLANE_CATALOG_MAX_ENTRIES" doc:"methods, functions and events that may be announced to a tenant"`
	ExecutionMaxTargets int           `env:"ACTIONPLANE_EXECUTION_MAX_TARGETS" doc:"targets and includes of one execution, as listed and with includes unfolded; at most 1000"`
	ExecutionMaxDepth   int           `env:"ACTIONPLANE_EXECUTION_MAX_DEPTH" doc:"how deep executions may include each other: 0 to 2"`
	EventsMaxAge        time.Duration `env:"ACTIONPLANE_EVENTS_MAX_AGE" doc:"how long an event waits in its stream before it is given up"`
	EventsMaxBytes      int64         `env:"ACTIONPLANE_EVENTS_MAX_BYTES" doc:"most bytes of waiting events; beyond, publishers are refused; 0: no limit; less where an embedded NATS has less of the disk"`
	EventBatchMaxCount  int           `env:"ACTIONPLANE_EVENT_BATCH_MAX_COUNT" doc:"events that may be published at once; at most 1000"`
	EventBatchMaxBytes  int           `env:"ACTIONPLANE_EVENT_BATCH_MAX_BYTES" doc:"bytes that they may have in all"`
	EventsPerMessage    int           `env:"ACTIONPLANE_EVENTS_PER_MESSAGE" doc:"events that are published together, of one type and without ids and ordering keys, that share a message of their stream, which costs by message; at most 64, and 1 while a dispatch of the release before runs"`

	Door approval.Config
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		CatalogMaxEntries: 50_000, ExecutionMaxTargets: 100, ExecutionMaxDepth: chain.MaxIncludeHops,
		EventsMaxAge: 7 * 24 * time.Hour, EventBatchMaxCount: bus.MaxBatch, EventBatchMaxBytes: 4 << 20, EventsPerMessage: 1,
		Door: approval.DefaultConfig(),
	}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	problems := []error{
		c.Door.Validate(),
		within("ACTIONPLANE_CATALOG_MAX_ENTRIES", c.CatalogMaxEntries, 1, 1_000_000),
		within("ACTIONPLANE_EXECUTION_MAX_TARGETS", c.ExecutionMaxTargets, 1, chain.MaxEntries),
		within("ACTIONPLANE_EXECUTION_MAX_DEPTH", c.ExecutionMaxDepth, 0, chain.MaxIncludeHops),
		within("ACTIONPLANE_EVENT_BATCH_MAX_COUNT", c.EventBatchMaxCount, 1, bus.MaxBatch),
		within("ACTIONPLANE_EVENT_BATCH_MAX_BYTES", c.EventBatchMaxBytes, 1, 1<<30),
		within("ACTIONPLANE_EVENTS_PER_MESSAGE", c.EventsPerMessage, 1, contract.MostEvents),
	}
	if c.EventsMaxAge <= 0 {
		problems = append(problems, errors.New("ACTIONPLANE_EVENTS_MAX_AGE must be positive"))
	}
	if c.EventsMaxBytes < 0 {
		problems = append(problems, errors.New("ACTIONPLANE_EVENTS_MAX_BYTES must not be negative"))
	}
	for _, who := range c.CatalogStrict {
		switch on, off := isTrue(who), isFalse(who); {
		case (on || off) && len(c.CatalogStrict) > 1, !on && !off && strings.ContainsAny(who, ".*> \t"):
			problems = append(problems, errors.New("ACTIONPLANE_CATALOG_STRICT must be true, false or ids of tenants"))
		}
	}
	return errors.Join(problems...)
}

func within(name string, value, least, most int) error {
	if value < least || value > most {
		return fmt.Errorf("%s must be %d to %d", name, least, most)
	}
	return nil
}

func isTrue(s string) bool  { return strings.EqualFold(s, "true") || s == "1" }
func isFalse(s string) bool { return strings.EqualFold(s, "false") || s == "0" }

// strict reports whether a tenant's conditions must be announced first.
func (c Config) strict(id tenant.ID) bool {
	return slices.ContainsFunc(c.CatalogStrict, func(who string) bool { return isTrue(who) || who == string(id) })
}

// limits are those of an execution's list.
func (c Config) limits() chain.Limits {
	return chain.Limits{Entries: c.ExecutionMaxTargets, Hops: c.ExecutionMaxDepth}
}
