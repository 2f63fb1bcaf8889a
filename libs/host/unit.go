package host

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/health"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/telemetry"
)

// Runner is a built service. Run blocks until ctx is done and everything in
// hand is finished; then it returns nil. Once prepared it calls Together, or
// Prepared.
type Runner interface {
	Run(ctx context.Context) error
}

// Deps is what a service may use. What it did not ask for is nil.
type Deps struct {
	Log       *slog.Logger
	Bus       *bus.Conn
	DB        *pg.Pool    // WithDatabase
	Cache     cache.Cache // WithCache; nil too where no REDIS_URL is set
	Telemetry *telemetry.Telemetry
	Health    *health.Checks // of the process
}

// Need is something that a service must be handed.
type Need uint8

// What a service may need besides the bus.
const (
	WithDatabase Need = iota // a pool that sees the schema named like the service
	WithCache                // the shared cache
)

// Unit is a service that is not built yet.
type Unit struct {
	name  string
	needs map[Need]bool
	part  Part
	// load reads the unit's configuration and returns what builds it.
	load func(lookup func(string) (string, bool)) (build func(Deps) (Runner, error), err error)
}

// Service describes a service: its name, its default configuration, its
// constructor, and what that is handed.
func Service[C any, R Runner](name string, defaults C, construct func(C, Deps) (R, error), needs ...Need) Unit {
	u := Unit{name: name, needs: map[Need]bool{}, part: Reads(name, defaults)}
	for _, n := range needs {
		u.needs[n] = true
	}
	u.load = func(lookup func(string) (string, bool)) (func(Deps) (Runner, error), error) {
		cfg, err := config.Load(defaults, lookup)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return func(deps Deps) (Runner, error) {
			deps.Log.Debug("host.config", slog.GroupAttrs("config", config.Dump(cfg)...))
			return construct(cfg, deps)
		}, nil
	}
	return u
}
