package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const patience = 30 * time.Second

// bundle is a launcher with services that are this test.
type bundle struct {
	cfg   config
	diary string
}

// setup gives the launcher outside servers that nobody asks for, so that only
// services are started.
func setup(t *testing.T) *bundle {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range append(slices.Clone(services), "up") {
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	b := &bundle{diary: filepath.Join(dir, "diary"), cfg: config{
		dir: filepath.Join(dir, "data"), binaries: dir, replicas: 2, host: "127.0.0.1",
		summary: filepath.Join(dir, "summary.json"), databaseURL: "postgres://nowhere", redisURL: "redis://nowhere", natsURL: "nats://nowhere",
	}}
	ports, err := freePorts(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	b.cfg.port = ports[0]
	return b
}

// run runs the launcher until stop.
func (b *bundle) run(t *testing.T) (out *bytes.Buffer, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	out = &bytes.Buffer{}
	var err error
	var running sync.WaitGroup
	running.Go(func() { err = up(ctx, b.cfg, out) })
	stop = sync.OnceValue(func() error { cancel(); running.Wait(); return err })
	t.Cleanup(func() { _ = stop() })
	return out, stop
}

func (b *bundle) read(t *testing.T) (s summary) {
	t.Helper()
	text, err := os.ReadFile(b.cfg.summary)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// awaitSummary waits until the launcher says that all are ready.
func (b *bundle) awaitSummary(t *testing.T) summary {
	t.Helper()
	await(t, func() bool { _, err := os.Stat(b.cfg.summary); return err == nil })
	return b.read(t)
}

func await(t *testing.T, f func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		select {
		case <-ctx.Done():
			t.Fatal("waited in vain")
		case <-tick.C:
		}
	}
}

// gone reports that none of the processes lives.
func (s summary) gone() bool {
	for _, replicas := range s.Processes {
		for _, p := range replicas {
			state, err := os.ReadFile("/proc/" + strconv.Itoa(p.PID) + "/stat")
			if syscall.Kill(p.PID, 0) == nil && (err != nil || !strings.Contains(string(state), ") Z")) {
				return false
			}
		}
	}
	return true
}

func TestUp(t *testing.T) {
	t.Run("StartsAllAndStopsCallersFirst", func(t *testing.T) {
		b := setup(t)
		t.Setenv(diary, b.diary)
		out, stop := b.run(t)
		s := b.awaitSummary(t)
		if len(s.Processes) != len(services) || len(s.URLs) != 2 || s.Token == "" || s.OrganizationID == "" || s.NATSURL != "nats://nowhere" {
			t.Errorf("summary %+v", s)
		}
		for _, service := range services {
			if len(s.Processes[service]) != 2 || s.Processes[service][0].PID == s.Processes[service][1].PID {
				t.Errorf("%s: %+v", service, s.Processes[service])
			}
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if !s.gone() {
			t.Error("something stayed behind")
		}
		wantStops(t, b.diary)
		if text := out.String(); !strings.Contains(text, s.URLs[1]) || !strings.Contains(text, "admin.token") {
			t.Errorf("printed %s", text)
		}
		if _, err := os.Stat(filepath.Join(b.cfg.dir, "pids.json")); err == nil {
			t.Error("the file of pids stayed behind")
		}
	})
	t.Run("KeepsItsSecrets", func(t *testing.T) {
		b := setup(t)
		var tokens []string
		for range 2 {
			_, stop := b.run(t)
			tokens = append(tokens, b.awaitSummary(t).Token)
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(b.cfg.summary); err != nil {
				t.Fatal(err)
			}
		}
		if tokens[0] != tokens[1] {
			t.Errorf("tokens %v", tokens)
		}
	})
}

// wantStops checks the order in which services were stopped.
func wantStops(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, service := range slices.Backward(services) {
		want = append(want, "stopped "+service, "stopped "+service)
	}
	if got := strings.Split(strings.TrimSpace(string(text)), "\n"); !slices.Equal(got, want) {
		t.Errorf("stopped in the order %v", got)
	}
}

func TestAChildEnds(t *testing.T) {
	t.Run("AndSoDoAllOthers", func(t *testing.T) {
		b := setup(t)
		_, stop := b.run(t)
		s := b.awaitSummary(t)
		victim := s.Processes["targets"][1]
		if err := syscall.Kill(victim.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		await(t, s.gone)
		if err := stop(); err == nil || !strings.Contains(err.Error(), "targets-2") || !strings.Contains(err.Error(), victim.Log) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("AtItsStart", func(t *testing.T) {
		b := setup(t)
		t.Setenv(doomed, "dispatch")
		err := up(t.Context(), b.cfg, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), "dispatch-") || !strings.Contains(err.Error(), "exit status 3") ||
			!strings.HasSuffix(err.Error(), "first line\n  there is no luck in this world") {
			t.Errorf("got %v", err)
		}
	})
	for name, signal := range map[string]syscall.Signal{"Killed": syscall.SIGKILL, "Stopped": syscall.SIGTERM} {
		t.Run(name+"AndIsStartedAgainWhereThatIsWanted", func(t *testing.T) {
			b := setup(t)
			b.cfg.restart = true
			_, stop := b.run(t)
			before := b.awaitSummary(t)
			victim := before.Processes["targets"][0]
			if err := syscall.Kill(victim.PID, signal); err != nil {
				t.Fatal(err)
			}
			await(t, func() bool { return b.read(t).Processes["targets"][0].PID != victim.PID })
			after := b.read(t)
			if after.Processes["targets"][0].ReadyURL != victim.ReadyURL || after.Processes["targets"][1].PID != before.Processes["targets"][1].PID {
				t.Errorf("before %+v, after %+v", before, after)
			}
			if err := stop(); err != nil || !after.gone() {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAway(t *testing.T) {
	b := setup(t)
	b.cfg.restart = true
	_, stop := b.run(t)
	before := b.awaitSummary(t)
	file := filepath.Join(b.cfg.dir, "away", "targets-1")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	away, other := before.Processes["targets"][0].PID, before.Processes["dispatch"][0].PID
	for _, pid := range []int{away, other} {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	await(t, func() bool { return b.read(t).Processes["dispatch"][0].PID != other })
	if b.read(t).Processes["targets"][0].PID != away {
		t.Error("who is to stay away was started again")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return b.read(t).Processes["targets"][0].PID != away })
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(b.read(t).Processes["targets"][0].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil { // with one away
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	t.Run("ATakenPort", func(t *testing.T) {
		b := setup(t)
		var lc net.ListenConfig
		l, err := lc.Listen(t.Context(), "tcp", b.cfg.gateway(2))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		if err := up(t.Context(), b.cfg, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "ACTIONPLANE_ADDR") || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("AMissingBinary", func(t *testing.T) {
		b := setup(t)
		if err := os.Remove(filepath.Join(b.cfg.binaries, "scripts")); err != nil {
			t.Fatal(err)
		}
		if err := up(t.Context(), b.cfg, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "make binaries") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ADirectoryInUse", func(t *testing.T) {
		b := setup(t)
		_, _ = b.run(t)
		b.awaitSummary(t)
		if err := up(t.Context(), b.cfg, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "used by another process") {
			t.Errorf("got %v", err)
		}
	})
	for name, env := range map[string]map[string]string{
		"NoReplicas":      {"REPLICAS": "0"},
		"WordsForANumber": {"REPLICAS": "two"},
		"NoPort":          {"ACTIONPLANE_ADDR": "localhost"},
		"APortTooHigh":    {"ACTIONPLANE_ADDR": "localhost:65535"},
		"TwoNATSNodes":    {"NATS_NODES": "2"},
	} {
		t.Run(name, func(t *testing.T) {
			if cfg, err := load(func(name string) (string, bool) { v, ok := env[name]; return v, ok }); err == nil {
				t.Errorf("got %+v", cfg)
			}
		})
	}
}

func TestNothingStaysBehindAKill(t *testing.T) {
	b := setup(t)
	cmd := exec.CommandContext(t.Context(), filepath.Join(b.cfg.binaries, "up"), b.cfg.summary)
	cmd.Env = append(os.Environ(), "DATABASE_URL=postgres://nowhere", "REDIS_URL=redis://nowhere", "NATS_URL=nats://nowhere",
		"ACTIONPLANE_DATA_DIR="+b.cfg.dir, "ACTIONPLANE_ADDR="+b.cfg.gateway(1))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := b.awaitSummary(t)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("it ended in order")
	}
	await(t, s.gone)
}
