package host

import (
	"context"
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
// that the first argument names, healthcheck among them, else the units, and
// exits: 0 after an orderly stop, 1 with one line per problem otherwise.
func Main(name string, subcommands []Subcommand, units ...Unit) {
	subcommands = append(slices.Clone(subcommands), Healthcheck(os.LookupEnv))
	Exit(Dispatch(context.Background(), subcommands, func(ctx context.Context) error {
		return Run(ctx, name, Settings{Lookup: os.LookupEnv}, units...)
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
		return fmt.Errorf("unknown command %q", os.Args[1])
	}
	return run(ctx)
}

// Exit ends the process with the outcome.
func Exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	os.Exit(0)
}
