package dashboards

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// binariesDir names a directory with what `make binaries` makes; unset: the test
// makes its own.
const binariesDir = "ACTIONPLANE_STORY_BIN"

// patience is how long what has to happen may take on a busy machine.
const patience = time.Minute

// fleet is a process per service, as `make up` starts them.
type fleet struct {
	URLs           []string
	Token          string
	OrganizationID string
	Processes      map[string][]process

	dir string // of its state
}

type process struct {
	PID      int
	ReadyURL string // "": a server, not ours
}

func startFleet(t *testing.T) *fleet {
	t.Helper()
	dir := stateDir(t)
	summary := filepath.Join(dir, "summary.json")
	up := exec.Command(filepath.Join(binaries(t), "up"), "-json", summary, "-restart")
	up.Env = append(os.Environ(), "REPLICAS=1", "ACTIONPLANE_DATA_DIR="+dir, "ACTIONPLANE_ADDR="+freeAddr(t), "ACTIONPLANE_LOG_LEVEL=ERROR",
		"ACTIONPLANE_CIRCUIT_FAILURES=3", "ACTIONPLANE_CIRCUIT_PAUSE=300ms", "ACTIONPLANE_CIRCUIT_MAX_PAUSE=2s", "ACTIONPLANE_DELIVERY_PAUSE=200ms",
		"ACTIONPLANE_EVENTS_MAX_BYTES=8388608", "ACTIONPLANE_RATE_LIMIT=0", "ACTIONPLANE_APPROVAL_MODE_TTL=1ms", "ACTIONPLANE_SCRIPT_GRACE=200ms")
	up.Stderr = os.Stderr
	ended := start(t, up)
	f := &fleet{dir: dir}
	if err := os.Mkdir(filepath.Join(dir, "away"), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	await(t, "the services are up", func() bool {
		select {
		case err := <-ended:
			t.Fatalf("up ended: %v", err)
		default:
		}
		text, err := os.ReadFile(summary)
		return err == nil && json.Unmarshal(text, f) == nil
	})
	return f
}

// start starts a program that is stopped, in order, when the test ends.
func start(t *testing.T, program *exec.Cmd) (ended <-chan error) {
	t.Helper()
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	end := make(chan error, 1)
	go func() { end <- program.Wait(); close(end) }()
	t.Cleanup(func() {
		if err := program.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		if err := <-end; err != nil {
			t.Errorf("%s: %v", program.Path, err)
		}
	})
	return end
}

// stateDir makes a directory for what a house keeps.
func stateDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "actionplane-dashboards-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil { // Postgres runs as somebody else
		t.Fatal(err)
	}
	return dir
}

// part is something that can be taken away: a service or server, and what up
// calls its first process.
type part struct{ name, child string }

// without has a part away while do runs.
func (f *fleet) without(t *testing.T, p part, do func()) {
	t.Helper()
	away := filepath.Join(f.dir, "away", p.child)
	if err := os.WriteFile(away, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	pid := f.Processes[p.name][0].PID
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, p.name+" is gone", func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) })
	do()
	if err := os.Remove(away); err != nil {
		t.Fatal(err)
	}
	f.awaitReady(t)
}

// awaitReady waits until every process says that it can work.
func (f *fleet) awaitReady(t *testing.T) {
	t.Helper()
	for service, replicas := range f.Processes {
		for _, r := range replicas {
			if r.ReadyURL != "" {
				await(t, service+" is ready", func() bool { return isReady(t, r.ReadyURL) })
			}
		}
	}
}

func isReady(t *testing.T, url string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

func binaries(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv(binariesDir); dir != "" {
		return dir
	}
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "make", "-C", "../..", "--no-print-directory", "binaries", "BIN="+dir)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("make binaries: %v\n%s", err, out)
	}
	return dir
}

// scrape takes the metrics of all processes.
func (f *fleet) scrape(t *testing.T, h *history) {
	t.Helper()
	for service, replicas := range f.Processes {
		for _, r := range replicas {
			if r.ReadyURL == "" {
				continue
			}
			base := strings.TrimSuffix(r.ReadyURL, "/readyz")
			h.scrape(t, service, strings.TrimPrefix(base, "http://"), base+"/metrics")
		}
	}
}

// freeAddr returns an address from below the range that the kernel gives to
// outgoing connections, so that it cannot take it in between.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000))
		if l, err := net.Listen("tcp", addr); err == nil {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return addr
		}
	}
	t.Fatal("no free port")
	return ""
}

// await asks again and again until it holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(patience); !holds(); <-again.C {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
