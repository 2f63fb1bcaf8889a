package pgserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

const (
	clusterName = "cluster"       // PGDATA below a home
	socketName  = "run"           // the socket's directory below a home
	markerName  = "postgres.path" // in a data directory whose cluster is elsewhere: where
)

// systemHome is where root keeps clusters whose data directory the server's
// user cannot reach.
const systemHome = "/var/lib/actionplane"

// maxSocketDir bounds the socket's directory, in bytes: a socket path has 104
// with its final zero on macOS (108 on Linux), and "/.s.PGSQL.5432" needs 14.
const maxSocketDir = 104 - 1 - 14

// plainPath is a path that needs no quoting in unix_socket_directories.
var plainPath = regexp.MustCompile(`^[A-Za-z0-9/._-]+$`)

// home is a locked place for one cluster.
type home struct {
	dir       string // what is removed when ephemeral
	cluster   string // PGDATA
	socket    string // directory of the Unix socket
	version   int    // major version of the cluster; 0 while there is none
	account   account
	ephemeral bool

	own   *os.File // our lock
	alive *os.File // the server's lock
}

// openHome finds or makes the place for cfg's cluster and locks it.
func openHome(ctx context.Context, cfg Config) (*home, error) {
	h := &home{ephemeral: cfg.Ephemeral}
	open := h.openPersistent
	if cfg.Ephemeral {
		open = h.openEphemeral
	}
	if err := errors.Join(open(ctx, cfg), ctx.Err()); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

// openPersistent opens the home of a data directory.
func (h *home) openPersistent(ctx context.Context, cfg Config) error {
	dir, err := filepath.Abs(cfg.DataDir)
	if err != nil || cfg.DataDir == "" {
		return fmt.Errorf("data directory %q is not a path", cfg.DataDir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("data directory %s is not writable: %w", dir, err)
	}
	if h.own, err = lockOwn(dir); err != nil {
		return err
	}
	if h.dir, h.account, err = place(ctx, dir, cfg.Log); err != nil {
		return err
	}
	h.cluster = filepath.Join(h.dir, clusterName)
	if h.alive, err = lockServer(ctx, dir, h.cluster); err != nil {
		return err
	}
	if h.version, err = clusterVersion(h.cluster); err != nil {
		return err
	}
	return h.openSocketDir()
}

// place returns where the cluster of a data directory is, and whose it is: in
// the directory itself, or where the marker says, or, when root's lent user
// cannot get there, at a new place that it leaves a marker for.
func place(ctx context.Context, dir string, log *slog.Logger) (string, account, error) {
	if moved := firstLine(filepath.Join(dir, markerName)); moved != "" {
		if _, err := os.Stat(moved); err != nil {
			return "", account{}, fmt.Errorf("%s says that the cluster is at %s, which is gone: bring it back, or delete the file to start empty",
				filepath.Join(dir, markerName), moved)
		}
		a, err := chooseAccount(filepath.Join(moved, clusterName))
		return moved, a, err
	}
	cluster := filepath.Join(dir, clusterName)
	a, err := chooseAccount(cluster)
	if err != nil {
		return "", account{}, err
	}
	barrier := a.barrier(dir)
	if barrier == "" {
		return dir, a, nil
	}
	if _, err := os.Stat(cluster); err == nil {
		return "", account{}, fmt.Errorf("user %s, as whom postgres runs, cannot reach %s: chmod o+x %s", a.name, cluster, barrier)
	}
	moved, err := move(dir)
	if err != nil {
		return "", account{}, err
	}
	log.WarnContext(ctx, "postgres.placed_elsewhere", "data_dir", dir, "dir", moved, "user", a.name, "cannot_enter", barrier)
	return moved, a, nil
}

// move makes a home outside of dir and leaves a marker to it.
func move(dir string) (string, error) {
	sum := sha256.Sum256([]byte(dir))
	moved := filepath.Join(systemHome, "postgres-"+hex.EncodeToString(sum[:6]))
	for _, d := range []string{systemHome, moved} {
		// Chmod, because umask may have taken the right to pass through.
		if err := errors.Join(os.MkdirAll(d, 0o755), os.Chmod(d, 0o755)); err != nil {
			return "", fmt.Errorf("make a place for postgres outside of %s: %w", dir, err)
		}
	}
	marker := filepath.Join(dir, markerName)
	if err := os.WriteFile(marker, []byte(moved+"\n"), 0o644); err != nil {
		return "", fmt.Errorf("data directory %s is not writable: %w", dir, err)
	}
	return moved, nil
}

// clusterVersion returns the major version of an existing cluster, 0 where
// there is none.
func clusterVersion(cluster string) (int, error) {
	text, err := os.ReadFile(filepath.Join(cluster, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(cluster); err == nil {
			return 0, fmt.Errorf("%s exists and is no postgres cluster: move it away", cluster)
		}
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read cluster version: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%s/PG_VERSION names no version: %q", cluster, text)
	}
	return major, nil
}

// openSocketDir makes the directory of the socket, which only the server's
// account can enter: in the home where its path is short and plain, else in
// the temporary directory under a name nobody can foresee.
func (h *home) openSocketDir() error {
	dir := filepath.Join(h.dir, socketName)
	if len(dir) > maxSocketDir || !plainPath.MatchString(dir) {
		temp, err := h.tempDir()
		if err != nil {
			return fmt.Errorf("make socket directory: %w", err)
		}
		h.socket = temp
		return h.account.own(temp)
	}
	// What a killed process left is stale for sure: we hold both locks.
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
		return fmt.Errorf("make socket directory: %w", err)
	}
	h.socket = dir
	return h.account.own(dir)
}

// tempDir makes a directory for the socket that the account can reach.
func (h *home) tempDir() (string, error) {
	base := os.TempDir()
	if h.account.barrier(base) != "" || len(base) > maxSocketDir-len("/"+tempPrefix+"0123456789") || !plainPath.MatchString(base) {
		base = "/tmp"
	}
	return os.MkdirTemp(base, tempPrefix)
}

// clearStale removes the pid file of a server that is gone. Postgres does that
// itself unless the number now belongs to another process of the same user,
// which after the restart of a container it often does.
func (h *home) clearStale() error {
	pid, err := strconv.Atoi(firstLine(pidFile(h.cluster)))
	if err != nil {
		return nil //nolint:nilerr // no file, or one that postgres must judge
	}
	if isPostgres(pid) && syscall.Kill(pid, 0) == nil {
		// Somebody's pg_ctl, perhaps, or a stranger's server under a reused
		// number; postgres can tell by the shared memory, and says so.
		return nil
	}
	return os.Remove(pidFile(h.cluster))
}

// command returns a child that runs as the account, in a directory it can
// read, and with nothing of our environment, which may hold secrets.
func (h *home) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...) //nolint:noctx // it outlives the context of the start and is ended by Stop
	cmd.Dir = h.socket
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = childAttr()
	if h.account.lent {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: h.account.uid, Gid: h.account.gid}
	}
	return cmd
}

// close removes what only a running server needs, everything when ephemeral,
// and unlocks.
func (h *home) close() error {
	var errs []error
	if h.socket != "" {
		errs = append(errs, os.RemoveAll(h.socket))
	}
	if h.ephemeral && h.dir != "" {
		errs = append(errs, os.RemoveAll(h.dir))
	}
	if h.alive != nil {
		errs = append(errs, h.alive.Close()) // the server's copies decide
	}
	if h.own != nil {
		errs = append(errs, unlock(h.own))
	}
	return errors.Join(errs...)
}
