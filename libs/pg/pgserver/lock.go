package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A data directory has two locks. Ours says that a process like this one works
// with it and goes away with us. The server's is inherited by every server
// process, so it is held exactly as long as one of them lives, which after a
// kill -9 of ours may be a moment longer. The kernel keeps both; no pid is ever
// guessed about.
const (
	ownLock    = "postgres.lock"
	serverLock = "postgres.alive"
)

const (
	orphanTimeout = 30 * time.Second      // for the server of a killed process to end
	orphanPoll    = 20 * time.Millisecond // there is no waiting for a lock with a context
)

// errBusy is a lock that somebody else holds.
var errBusy = errors.New("locked by another process")

// lockFile opens and locks a file, or returns errBusy. Closing it unlocks.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	closeErr := f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errBusy
	}
	return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), closeErr)
}

// lockOwn takes our lock on dir and leaves our pid in it for the error message
// of the next one.
func lockOwn(dir string) (*os.File, error) {
	path := filepath.Join(dir, ownLock)
	f, err := lockFile(path)
	if errors.Is(err, errBusy) {
		return nil, fmt.Errorf("data directory %s is in use by process %s", dir, firstLine(path))
	}
	if err != nil {
		return nil, fmt.Errorf("data directory %s is not writable: %w", dir, err)
	}
	if err := errors.Join(f.Truncate(0), writePid(f)); err != nil {
		return nil, errors.Join(fmt.Errorf("data directory %s is not writable: %w", dir, err), f.Close())
	}
	return f, nil
}

// unlock gives up our lock at once. Closing alone would keep it for as long as a
// child that is just being forked somewhere in this process has a copy of f.
func unlock(f *os.File) error {
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
}

// writePid writes our pid at the start of f.
func writePid(f *os.File) error {
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// lockServer takes the server's lock on dir, waiting for the orphan of a killed
// process to end; cluster tells where its pid is.
func lockServer(ctx context.Context, dir, cluster string) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, orphanTimeout)
	defer cancel()
	tick := time.NewTicker(orphanPoll)
	defer tick.Stop()
	for interrupted := false; ; interrupted = true {
		f, err := lockFile(filepath.Join(dir, serverLock))
		if !errors.Is(err, errBusy) {
			return f, err
		}
		if !interrupted {
			interruptOrphan(cluster)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("data directory %s is still in use by a postgres (process %s) that its owner left behind", dir, firstLine(pidFile(cluster)))
		case <-tick.C:
		}
	}
}

// interruptOrphan asks a left-behind server to shut down. On Linux the kernel
// has done so already. Failing is fine: the wait for the lock tells.
func interruptOrphan(cluster string) {
	if pid, err := strconv.Atoi(firstLine(pidFile(cluster))); err == nil && pid > 1 && isPostgres(pid) {
		_ = syscall.Kill(pid, syscall.SIGINT)
	}
}

// pidFile is where postgres keeps its pid, on the first line.
func pidFile(cluster string) string { return filepath.Join(cluster, "postmaster.pid") }

// firstLine returns the first line of a file, "" when it cannot be read.
func firstLine(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line)
}
