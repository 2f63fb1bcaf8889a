package pgserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// initialize makes the cluster. It is made beside its place and renamed, so a
// start that is killed half-way leaves no half cluster.
func initialize(ctx context.Context, bin binaries, h *home) error {
	draft := h.cluster + ".new"
	if err := errors.Join(os.RemoveAll(draft), os.Mkdir(draft, 0o700), h.account.own(draft)); err != nil {
		return fmt.Errorf("make cluster directory: %w", err)
	}
	args := []string{
		"-D", draft, "-U", Superuser, "-E", "UTF8", "--locale=C",
		"--auth-local=trust", // the socket's directory is the lock, see the package comment
		"--auth-host=reject",
	}
	if h.ephemeral {
		args = append(args, "--no-sync")
	}
	if err := runToEnd(ctx, h, bin.path("initdb"), args...); err != nil {
		return errors.Join(fmt.Errorf("make postgres cluster %s: %w", h.cluster, err), os.RemoveAll(draft))
	}
	if err := os.Rename(draft, h.cluster); err != nil {
		return fmt.Errorf("put cluster in place: %w", err)
	}
	h.version = bin.major
	return nil
}

// runToEnd runs a program as the home's account and waits for it. The error is
// the last line it wrote to stderr.
func runToEnd(ctx context.Context, h *home, path string, args ...string) error {
	var stderr bytes.Buffer
	cmd := h.command(path, args...)
	cmd.Stderr = &stderr
	p, err := startProcess(cmd)
	if err != nil {
		return err
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failTimeout)
		defer cancel()
		return errors.Join(ctx.Err(), p.end(stopCtx, syscall.SIGINT))
	}
	if p.err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", complaint(stderr.String()), p.err)
}

// complaint picks the line of a program's stderr that says what is wrong.
func complaint(stderr string) string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	for _, line := range lines {
		if strings.Contains(line, "error:") || strings.Contains(line, "FATAL:") {
			return strings.TrimSpace(line)
		}
	}
	return strings.TrimSpace(lines[len(lines)-1])
}
