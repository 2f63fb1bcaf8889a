// Command allinone is every service in one process, with an embedded NATS
// server, an in-process Redis and a private Postgres where no outside ones are
// named. The services are those of the process-per-service shape, built by the
// same constructors; what differs are values.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/services/access"
	"github.com/actionplane/actionplane/services/actions"
	"github.com/actionplane/actionplane/services/allinone/internal/backup"
	"github.com/actionplane/actionplane/services/allinone/internal/embedded"
	"github.com/actionplane/actionplane/services/approvals"
	"github.com/actionplane/actionplane/services/dispatch"
	"github.com/actionplane/actionplane/services/executions"
	"github.com/actionplane/actionplane/services/gateway"
	"github.com/actionplane/actionplane/services/scripts"
	"github.com/actionplane/actionplane/services/targets"
)

func main() {
	subcommands := append(scripts.Subcommands(), host.Healthcheck(withDefaults(os.LookupEnv)),
		host.Subcommand{Name: "config", Run: printConfiguration},
		backup.StreamsCommand(os.LookupEnv), backup.KeyCommand(os.LookupEnv))
	host.Exit(host.Dispatch(context.Background(), subcommands, func(ctx context.Context) error {
		return run(ctx, os.LookupEnv)
	}))
}

// printConfiguration is `actionplane config`.
func printConfiguration(ctx context.Context, args []string) error {
	c, err := configuration(os.LookupEnv)
	if err != nil {
		return err
	}
	return c.Command().Run(ctx, args)
}

// units are all services.
func units() []host.Unit {
	return []host.Unit{
		host.Service("access", access.DefaultConfig(), access.New, host.WithDatabase),
		host.Service("targets", targets.DefaultConfig(), targets.New, host.WithDatabase),
		host.Service("actions", actions.DefaultConfig(), actions.New, host.WithDatabase),
		host.Service("executions", executions.DefaultConfig(), executions.New, host.WithDatabase, host.WithCache),
		host.Service("scripts", scripts.DefaultConfig(), scripts.New, host.WithDatabase),
		host.Service("dispatch", dispatch.DefaultConfig(), dispatch.New, host.WithDatabase),
		host.Service("approvals", approvals.DefaultConfig(), approvals.New, host.WithDatabase),
		host.Service("gateway", gateway.DefaultConfig(), gateway.New, host.WithCache),
	}
}

// defaults are the values in which this shape differs from the other.
var defaults = map[string]string{
	"ACTIONPLANE_EGRESS_ALLOW":     "127.0.0.0/8,::1",
	"ACTIONPLANE_EVENTS_MAX_BYTES": "4294967296", // 4 GiB; the disk is shared with everything else
	"ACTIONPLANE_LAME_DUCK":        "0s",         // there is no other gateway to go to
	"ACTIONPLANE_OPS_ADDR":         "off",        // the public port serves them
	"ACTIONPLANE_PUBLIC_METRICS":   "true",
	"ACTIONPLANE_RATE_LIMIT":       "0", // whoever runs this is the only one
}

// withDefaults looks a variable up, and then among the defaults.
func withDefaults(lookup func(string) (string, bool)) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if v, ok := lookup(name); ok && v != "" {
			return v, true
		}
		v, ok := defaults[name]
		return v, ok
	}
}

// configuration is everything that this process reads.
func configuration(lookup func(string) (string, bool)) (host.Configuration, error) {
	cfg, _ := config.Load(embedded.DefaultConfig(), lookup) // Check tells what is wrong with it
	made, err := embedded.Made(cfg)
	return host.Configuration{
		Lookup: lookup, Environ: os.Environ(), Defaults: defaults, Made: made, Embedded: true,
		Units: units(), Beside: []host.Part{host.Reads("all-in-one", embedded.DefaultConfig())},
	}, host.Misconfigured(err)
}

// check reports everything that is wrong with the configuration at once, before
// anything is made.
func check(lookup func(string) (string, bool)) error {
	c, err := configuration(lookup)
	if err != nil {
		return err
	}
	return c.Check()
}

// run brings up the embedded parts, runs the services until ctx is done, and
// takes the parts down again.
func run(ctx context.Context, lookup func(string) (string, bool)) error {
	if err := check(lookup); err != nil {
		return err
	}
	lookup = withDefaults(lookup)
	beside, err := newCompanion(ctx, lookup)
	if err != nil {
		return err
	}
	parts, err := start(ctx, lookup)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	beside.start(ctx, parts, stop)
	settings := parts.Settings(lookup)
	settings.Environ = os.Environ()
	err = host.Run(ctx, "actionplane", settings, units()...)
	stop(nil)
	return errors.Join(beside.wait(), err, parts.Stop())
}

func start(ctx context.Context, lookup func(string) (string, bool)) (*embedded.Parts, error) {
	cfg, err := config.Load(embedded.DefaultConfig(), lookup)
	if err != nil {
		return nil, err
	}
	var level slog.Level
	if text, ok := lookup("ACTIONPLANE_LOG_LEVEL"); ok {
		if err := level.UnmarshalText([]byte(text)); err != nil {
			return nil, fmt.Errorf("ACTIONPLANE_LOG_LEVEL: %w", err)
		}
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	return embedded.Start(ctx, cfg, log)
}
