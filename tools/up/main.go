package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	summary := flags.String("json", "", "write a summary for programs to this `file`, and again after every restart")
	restart := flags.Bool("restart", false, "start a service that was killed, or stopped in order, again, as an orchestrator would")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the running binary: %w", err)
	}
	cfg, err := load(os.LookupEnv)
	if err != nil {
		return err
	}
	cfg.binaries, cfg.summary, cfg.restart = filepath.Dir(self), *summary, *restart
	return up(ctx, cfg, os.Stdout)
}
