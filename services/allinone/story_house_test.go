package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/telemetry/telemetrytest"
)

// house is a running Actionplane as its users see it.
type house struct {
	urls         []string // of the gateways
	token        string
	organization string
	natsURL      string // with its token

	collector *telemetrytest.Collector // of traces; nil: none
}

// connectSDK connects without the index of conditions, which may be a moment
// late: chapters run hooks right after they have set executions.
func (h *house) connectSDK(t *testing.T) *sdk.Client {
	t.Helper()
	client, err := sdk.Connect(t.Context(), sdk.Config{URL: h.natsURL, Name: "story", NoIndex: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func (h *house) connectNATS(t *testing.T) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(h.natsURL, nats.Name("stranger"), nats.MaxReconnects(-1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// dataDir makes a directory that another user, as whom Postgres runs, may pass
// through; t.TempDir is closed to others.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "actionplane-story-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// claimed are the ports that this process has given away.
var claimed sync.Map

// freePorts returns a run of n free ports from below the range that the kernel
// gives to outgoing connections, so that it cannot take one in between.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	for range 1000 {
		first := 10_000 + rand.IntN(10_000)
		if tryPorts(t, first, n) {
			return first
		}
	}
	t.Fatal("no free ports")
	return 0
}

func tryPorts(t *testing.T, first, n int) bool {
	t.Helper()
	for port := first; port < first+n; port++ {
		if _, taken := claimed.LoadOrStore(port, true); taken {
			return false
		}
		var lc net.ListenConfig
		l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			return false
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return true
}

// allInOne is the one process, stopped or running, that keeps one data
// directory.
type allInOne struct {
	house
	env map[string]string
}

func newAllInOne(t *testing.T, extra map[string]string) *allInOne {
	t.Helper()
	port := freePorts(t, 2)
	addr, natsAddr := "127.0.0.1:"+strconv.Itoa(port), "127.0.0.1:"+strconv.Itoa(port+1)
	a := &allInOne{env: map[string]string{
		"ACTIONPLANE_ADDR": addr, "ACTIONPLANE_NATS_ADDR": natsAddr, "ACTIONPLANE_DATA_DIR": dataDir(t),
		"ACTIONPLANE_LOG_LEVEL": "ERROR",
	}}
	for name, value := range extra {
		a.env[name] = value
	}
	a.urls = []string{"http://" + addr}
	return a
}

// learn reads what the first start has made.
func (a *allInOne) learn(t *testing.T) {
	t.Helper()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(a.env["ACTIONPLANE_DATA_DIR"], name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(text))
	}
	a.token, a.organization = read("admin.token"), read("organization.id")
	a.natsURL = "nats://" + url.PathEscape(read("nats.token")) + "@" + a.env["ACTIONPLANE_NATS_ADDR"]
}

// start runs it inside of this process; the returned function stops it in an
// orderly way.
func (a *allInOne) start(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	var err error
	go func() {
		defer close(ended)
		err = run(ctx, func(name string) (string, bool) { v, ok := a.env[name]; return v, ok })
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if <-ended; err != nil {
			t.Errorf("the end was not orderly: %v", err)
		}
	})
	t.Cleanup(stop)
	awaitReady(t, a.urls[0]+"/readyz", ended)
	a.learn(t)
	return stop
}

// startInProcess is the all-in-one shape.
func startInProcess(t *testing.T) *house {
	t.Helper()
	a := newAllInOne(t, nil)
	a.start(t)
	return &a.house
}

// awaitReady waits until url answers 200; it fails when ended is closed before.
func awaitReady(t *testing.T, url string, ended <-chan struct{}) {
	t.Helper()
	await(t, url+" answers 200", func() bool {
		select {
		case <-ended:
			t.Fatal("it ended before it was ready")
		default:
		}
		return isReady(t, url)
	})
}

func isReady(t *testing.T, url string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := plainHTTP.Do(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

// plainHTTP keeps no connections: what listens today may be gone tomorrow.
var plainHTTP = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}

// program is a child process of a test.
type program struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error
}

// startProgram starts a binary with nothing but PATH, HOME and env in its
// environment.
func startProgram(t *testing.T, path string, args []string, env map[string]string, prepare func(*exec.Cmd)) *program {
	t.Helper()
	p := &program{cmd: exec.Command(path, args...), ended: make(chan struct{})}
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for name, value := range env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	if prepare != nil {
		prepare(p.cmd)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		p.err = p.cmd.Wait()
	}()
	t.Cleanup(func() { p.signal(t, syscall.SIGTERM); <-p.ended })
	return p
}

func (p *program) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
}

// processes is a process per service.
type processes struct {
	house
	dir         string // of its state
	summaryFile string
	up          *program
}

// summary is what `up -json` writes.
type summary struct {
	URLs           []string
	Token          string
	OrganizationID string
	NATSURL        string
	Processes      map[string][]process
}

type process struct {
	PID      int
	ReadyURL string // "": a server, which is not ours
	Log      string
}

func (p *processes) summary(t *testing.T) (s summary) {
	t.Helper()
	text, err := os.ReadFile(p.summaryFile)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newProcesses(t *testing.T, extra map[string]string) *processes {
	t.Helper()
	if testing.Short() {
		t.Skip("a process per service takes a while: not with -short")
	}
	return newProcessesOf(t, binaries(t), extra)
}

// newProcessesOf starts the binaries of a directory.
func newProcessesOf(t *testing.T, bin string, extra map[string]string) *processes {
	t.Helper()
	dir := extra["ACTIONPLANE_DATA_DIR"]
	if dir == "" {
		dir = dataDir(t)
	}
	p := &processes{dir: dir, summaryFile: filepath.Join(dir, "summary.json")}
	env := map[string]string{
		"ACTIONPLANE_DATA_DIR": dir, "ACTIONPLANE_ADDR": "127.0.0.1:" + strconv.Itoa(freePorts(t, 2)),
		"ACTIONPLANE_LOG_LEVEL": "WARN",
	}
	for name, value := range extra {
		env[name] = value
	}
	p.up = startProgram(t, filepath.Join(bin, "up"), []string{"-json", p.summaryFile, "-restart"}, env, func(c *exec.Cmd) {
		c.Stderr = os.Stderr
	})
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(logs(filepath.Join(dir, "log")))
		}
	})
	await(t, "the summary of up", func() bool {
		select {
		case <-p.up.ended:
			t.Fatalf("up ended: %v", p.up.err)
		default:
		}
		_, err := os.Stat(p.summaryFile)
		return err == nil
	})
	s := p.summary(t)
	p.house = house{urls: s.URLs, token: s.Token, organization: s.OrganizationID, natsURL: s.NATSURL}
	t.Cleanup(func() { // before startProgram's own: an orderly end is part of the story
		p.up.signal(t, syscall.SIGTERM)
		if <-p.up.ended; p.up.err != nil {
			t.Errorf("up did not end in order: %v", p.up.err)
		}
	})
	return p
}

// startProcesses is the other shape. Only what the story traces is sent to its
// collector.
func startProcesses(t *testing.T) *house {
	t.Helper()
	collector := telemetrytest.NewCollector(t)
	p := newProcesses(t, map[string]string{
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": collector.URL(), "OTEL_TRACES_SAMPLER": "parentbased_always_off", "OTEL_BSP_SCHEDULE_DELAY": "200",
	})
	p.collector = collector
	return &p.house
}

// logs returns the last that our services said. The servers beside them say so
// much at every start that nobody would find what failed.
func logs(dir string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "*-[0-9].log"))
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || len(text) == 0 || strings.HasPrefix(filepath.Base(file), "nats-") {
			continue
		}
		fmt.Fprintf(&all, "--- %s\n%s", filepath.Base(file), text[max(0, len(text)-2048):])
	}
	return all.String()
}
