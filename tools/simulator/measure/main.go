// Command measure runs a process per service, with a Postgres, a NATS and a
// Redis of its own, gives them one kind of work after the other, and writes what
// each kind costs every part: the costs of ../, the simulator. Run it on an idle
// machine, by `make bench`; it takes about three minutes.
//
//	measure [-binaries .tools/actionplane] [-costs costs.json] [-window 4s]
//	measure -check       compares, instead, what the costs predict for mixtures
//	                     that they were not measured with
//
// CPU time is that of a part's processes, kernel included, workers of scripts
// and backends of Postgres too; callers and receiver are this process, and do not
// count. What runs when nothing happens is taken off. The work's own end is
// waited for: streams empty, rows written.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "error:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("measure", flag.ContinueOnError)
	binaries := flags.String("binaries", "../.tools/actionplane", "`directory` of what `make binaries` builds")
	costs := flags.String("costs", "simulator/costs.json", "`file` to write, or with -check to read")
	window := flags.Duration("window", 4*time.Second, "for how long each kind of work is given")
	check := flags.Bool("check", false, "compare predictions with mixtures")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *check {
		return compare(ctx, *binaries, *costs, *window, out)
	}
	return measure(ctx, *binaries, *costs, *window, out)
}

// measure does all work and writes the sheet.
func measure(ctx context.Context, binaries, path string, window time.Duration, out io.Writer) error {
	var sheet cost.Sheet
	err := atBench(ctx, binaries, window, out, func(b *bench) (err error) {
		sheet, err = b.sheet(ctx)
		return err
	})
	if err != nil {
		return err
	}
	text, err := sheet.Encode()
	if err != nil {
		return err
	}
	if _, err := cost.Parse(text); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}
