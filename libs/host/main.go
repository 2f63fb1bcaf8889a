package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// Subcommand is a second face of a binary, e.g. a worker process that a
// service starts from its own executable.
type Subcommand struct {
	Name string
	// Run gets the arguments that follow the name.
	Run func(ctx context.Context, args []string) error
}

// Main is the main function of a process per service. It runs the subcommand
// that the first argument names, healthcheck and config among them, else the
// units, and exits: 0 after an orderly stop, 2 with one line per problem where
// the configuration is wrong, 1 otherwise.
func Main(name string, subcommands []Subcommand, units ...Unit) {
	configuration := Configuration{Lookup: os.LookupEnv, Environ: os.Environ(), Units: units}
	subcommands = append(slices.Clone(subcommands), Healthcheck(os.LookupEnv), configuration.Command())
	Exit(Dispatch(context.Background(), subcommands, func(ctx context.Context) error {
		return Run(ctx, name, Settings{Lookup: os.LookupEnv, Environ: os.Environ()}, units...)
	}))
}

// Dispatch runs the subcommand that the first argument names, else run, under
// a context that ends with SIGTERM or SIGINT.
func Dispatch(ctx context.Context, subcommands []Subcommand, run func(context.Context) error) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	if len(os.Args) > 1 {
		for _, s := range subcommands {
			if s.Name == os.Args[1] {
				return s.Run(ctx, os.Args[2:])
			}
		}
		return Misconfigured(fmt.Errorf("unknown command %q", os.Args[1]))
	}
	return run(ctx)
}

// misconfigured is an error that lasts until somebody changes what the process
// is started with.
type misconfigured struct{ error }

// Unwrap returns what is wrong.
func (m misconfigured) Unwrap() error { return m.error }

// Misconfigured marks a problem of the configuration or the command line, with
// which no new start would end better; nil stays nil.
func Misconfigured(err error) error {
	if err == nil {
		return nil
	}
	return misconfigured{err}
}

// Exit ends the process with the outcome: 0, 2 for what is Misconfigured, 1 for
// all else.
func Exit(err error) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, "error:", err)
	var m misconfigured
	if errors.As(err, &m) {
		os.Exit(2)
	}
	os.Exit(1)
}
