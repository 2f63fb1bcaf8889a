package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Clocks jump in two ways. Postgres reads its own through the C library, in
// whose place libfaketime can be put. Go asks the kernel without the C library:
// what the services see is decided where they are built. Theirs are built for
// these scenarios with another package time, in which Now adds to the wall clock
// what it is told, and nothing to the monotonic one: so does a step that NTP or
// somebody at the console makes. No other binary has anything of it.

// fakeTime is libfaketime, where Debian's package puts it.
const fakeTime = "/usr/lib/*/faketime/libfaketime.so.1"

// startWithOtherClock runs Postgres on a clock of its own.
func startWithOtherClock(t *testing.T) *fleet {
	t.Helper()
	libraries, err := filepath.Glob(fakeTime)
	if err != nil || len(libraries) == 0 {
		t.Skip("libfaketime is not installed (Debian: apt-get install faketime)")
	}
	postgres, err := exec.LookPath("postgres")
	if err == nil {
		postgres, err = filepath.EvalSymlinks(postgres)
	}
	if err != nil {
		t.Skipf("Postgres is not on PATH: %v", err)
	}
	dir := dataDir(t)
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	setClock(t, dir, "+0")
	for name, env := range map[string]string{
		"initdb":   "",
		"postgres": fmt.Sprintf("env LD_PRELOAD=%s FAKETIME_TIMESTAMP_FILE=%s FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 ", libraries[0], clockFile(dir)),
	} {
		script := fmt.Sprintf("#!/bin/sh\nexec %s%s/%s \"$@\"\n", env, filepath.Dir(postgres), name)
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return newFleet(t, map[string]string{"ACTIONPLANE_DATA_DIR": dir, "PATH": bin + ":" + os.Getenv("PATH")})
}

func clockFile(dir string) string { return filepath.Join(dir, "clock") }

// setClock sets the clock of Postgres, as libfaketime reads it: "+1h".
func setClock(t *testing.T, dir, offset string) {
	t.Helper()
	if err := os.WriteFile(clockFile(dir), []byte(offset+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// postgresJumps lets the clock of Postgres jump.
func postgresJumps(offset string) func(*testing.T, *stage) {
	return func(t *testing.T, st *stage) {
		setClock(t, st.dir, offset)
		st.struck()
	}
}

const (
	// clocksDir names, for the services, the directory of their clocks: a file
	// for each process, see testdata/clock.
	clocksDir = "ACTIONPLANE_TEST_CLOCKS"
	// readsClock is where package time reads the clock for Now.
	readsClock = "\tsec, nsec, mono := runtimeNow()\n"
	andJumps   = "\tsec, nsec = jumped(sec, nsec)\n"
)

// startWithOwnClocks runs services, and a NATS, of which each process has a clock
// of its own.
func startWithOwnClocks(t *testing.T) *fleet {
	t.Helper()
	dir := dataDir(t)
	if err := os.Mkdir(clocks(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	jumpy := buildJumpy(t)
	r := newReleases(t, binaries(t), jumpy)
	r.choose(t, "nats-server", jumpy)
	return newFleetOf(t, r.dir, map[string]string{"ACTIONPLANE_DATA_DIR": dir, clocksDir: clocks(dir)})
}

func clocks(dir string) string { return filepath.Join(dir, "clocks") }

// buildJumpy builds the services and NATS with the other package time, made of
// that of the Go at hand, and returns where they are.
func buildJumpy(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay, err := overlayTime(goRoot(t, root), filepath.Join(root, "services", "allinone", "testdata", "clock", "clock.go"), dir)
	if err != nil {
		t.Fatal(err)
	}
	var services []string
	for _, service := range rolled {
		services = append(services, "./services/"+service+"/cmd/"+service)
	}
	build := func(in, workspace string, packages ...string) {
		args := []string{"build", "-overlay", overlay, "-o", dir + string(filepath.Separator)}
		cmd := exec.CommandContext(t.Context(), "go", append(args, packages...)...)
		cmd.Dir, cmd.Env = filepath.Join(root, in), append(os.Environ(), "GOWORK="+workspace)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("build what has clocks that jump: %v\n%s", err, out)
		}
	}
	build(".", "", services...)
	build("libs", "off", "github.com/nats-io/nats-server/v2") // as `make binaries` does
	return dir
}

// goRoot is that of the Go which builds what lies at root.
func goRoot(t *testing.T, root string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "env", "GOROOT")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// overlayTime writes what `go build -overlay` is told: the file of package time
// in which Now is, changed, and another beside it.
func overlayTime(goroot, clock, dir string) (string, error) {
	original := filepath.Join(goroot, "src", "time", "time.go")
	text, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	if n := bytes.Count(text, []byte(readsClock)); n != 1 {
		return "", fmt.Errorf("%s reads the clock in %d places that look like %q, and not in one: see how Now does it in this Go", original, n, readsClock)
	}
	changed, overlay := filepath.Join(dir, "time.go"), filepath.Join(dir, "overlay.json")
	text = bytes.Replace(text, []byte(readsClock), []byte(readsClock+andJumps), 1)
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{
		original: changed, filepath.Join(filepath.Dir(original), "jumped.go"): clock,
	}})
	if err == nil {
		err = os.WriteFile(changed, text, 0o600)
	}
	if err == nil {
		err = os.WriteFile(overlay, replace, 0o600)
	}
	return overlay, err
}

// replica chooses processes of every service by their number, from 0.
type replica func(i int) bool

func everyReplica(int) bool { return true }

func firstReplica(i int) bool { return i == 0 }

func secondReplica(i int) bool { return i == 1 }

// servicesJump sets the clocks of some of the services' processes to be ahead
// by this much, and those of the others right.
func servicesJump(ahead time.Duration, which replica) func(*testing.T, *stage) {
	return func(t *testing.T, st *stage) {
		for _, service := range rolled {
			for i, p := range st.summary(t).Processes[service] {
				by := time.Duration(0)
				if which(i) {
					by = ahead
				}
				st.setOwnClock(t, p, by)
				st.wantClock(t, p, by)
			}
		}
		st.struck()
	}
}

// natsJumps sets the clock of NATS, which says when a message came, is to be
// delivered again, and is as old as its stream keeps it.
func natsJumps(ahead time.Duration) func(*testing.T, *stage) {
	return func(t *testing.T, st *stage) {
		for _, p := range st.summary(t).Processes["nats"] {
			st.setOwnClock(t, p, ahead)
		}
		st.struck()
	}
}

// setOwnClock tells a process how far its wall clock is ahead.
func (f *fleet) setOwnClock(t *testing.T, p process, ahead time.Duration) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(clocks(f.dir), strconv.Itoa(p.PID)), os.O_WRONLY, 0) // its own: it has made it
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, err := file.WriteAt(binary.NativeEndian.AppendUint64(nil, uint64(ahead)), 0); err != nil {
		t.Fatal(err)
	}
}

// wantClock checks that a process's clock is ahead by about this much, by the
// date of its answers.
func (f *fleet) wantClock(t *testing.T, p process, ahead time.Duration) {
	t.Helper()
	req, err := http.NewRequestWithContext(within(t), http.MethodGet, p.ReadyURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := plainHTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if off := time.Until(date) - ahead; err != nil || off.Abs() > 10*time.Minute {
		t.Fatalf("the clock of %s shows %v, %v; it should be ahead by %s", p.Log, date, err, ahead)
	}
}

func TestOverlayTime_SaysWhereAnotherGoReadsTheClock(t *testing.T) {
	t.Parallel()
	goroot := t.TempDir()
	file := filepath.Join(goroot, "src", "time", "time.go")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	for n, text := range []string{"func Now() Time {\n", readsClock, readsClock + readsClock} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := overlayTime(goroot, "clock.go", t.TempDir())
		if failed := err != nil && strings.Contains(err.Error(), file); failed != (n != 1) {
			t.Errorf("%d places: %v", n, err)
		}
	}
}
