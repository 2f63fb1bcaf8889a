package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// tempPrefix begins the names of our temporary directories.
const tempPrefix = "actionplane-pg-"

const (
	memoryDir  = "/dev/shm"
	memoryRoom = 1 << 30         // free bytes that make memoryDir worth using; containers often have 64 MB
	staleAge   = 1 * time.Minute // a younger home may not be locked yet
)

// openEphemeral makes a home to throw away, and throws away those of killed
// processes.
func (h *home) openEphemeral(ctx context.Context, _ Config) error {
	var err error
	if h.account, err = chooseAccount(""); err != nil {
		return err
	}
	base := h.ephemeralBase()
	sweep(base, time.Now())
	if h.dir, err = os.MkdirTemp(base, tempPrefix); err != nil {
		return fmt.Errorf("make a directory for a throw-away postgres: %w", err)
	}
	// The server's user must pass through to what is its own below.
	if err := os.Chmod(h.dir, 0o711); err != nil {
		return err
	}
	if h.own, err = lockOwn(h.dir); err != nil {
		return err
	}
	h.cluster = filepath.Join(h.dir, clusterName)
	if h.alive, err = lockServer(ctx, h.dir, h.cluster); err != nil {
		return err
	}
	return h.openSocketDir()
}

// ephemeralBase returns memory where there is room, else the temporary
// directory, or /tmp where the server's user cannot reach that.
func (h *home) ephemeralBase() string {
	var free syscall.Statfs_t
	if syscall.Statfs(memoryDir, &free) == nil && int64(free.Bavail)*int64(free.Bsize) >= memoryRoom && writable(memoryDir) { //nolint:unconvert // darwin has another type
		return memoryDir
	}
	if base := os.TempDir(); h.account.barrier(base) == "" {
		return base
	}
	return "/tmp"
}

// writable reports whether files can be made in dir.
func writable(dir string) bool {
	probe, err := os.MkdirTemp(dir, tempPrefix)
	return err == nil && os.Remove(probe) == nil
}

// sweep removes homes in base that belong to us and whose process was killed.
// It is a courtesy: what it cannot remove stays for the next one.
func sweep(base string, now time.Time) {
	dirs, err := filepath.Glob(filepath.Join(base, tempPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || now.Sub(info.ModTime()) < staleAge {
			continue
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) == os.Geteuid() {
			sweepOne(dir)
		}
	}
}

// sweepOne removes dir if nobody holds its locks. A server that lost its owner
// where the kernel does not tell it is asked to end, and removed next time.
func sweepOne(dir string) {
	if _, err := os.Lstat(filepath.Join(dir, ownLock)); err != nil {
		return // not a home, or one that is being made
	}
	own, err := lockFile(filepath.Join(dir, ownLock))
	if err != nil {
		return
	}
	defer func() { _ = own.Close() }()
	alive, err := lockFile(filepath.Join(dir, serverLock))
	if errors.Is(err, errBusy) {
		interruptOrphan(filepath.Join(dir, clusterName))
	}
	if err != nil {
		return
	}
	defer func() { _ = alive.Close() }()
	_ = os.RemoveAll(dir)
}
