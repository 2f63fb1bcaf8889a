package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/sdk"
)

// previousDir is where the services of the previous release lie, which `make
// upgrade` builds from the commit that deploy/previous-release names.
const previousDir = "ACTIONPLANE_STORY_PREVIOUS"

// patientEvents are published to a target that takes nothing until the last
// replacement is over.
const patientEvents = 50

// TestUpgrade replaces the previous release by this one while it serves, one
// replica after the other, takes it back, and replaces it again: old and new
// code work on one database and one bus, in every mixture on the way, and after
// a rollback old code works on the new schema. No call may fail, and no event be
// lost.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	previous := os.Getenv(previousDir)
	if previous == "" {
		t.Skip(previousDir + " is not set: `make upgrade` builds the previous release and sets it")
	}
	current, backwards := binaries(t), slices.Clone(rolled)
	slices.Reverse(backwards)
	r := newReleases(t, current, previous)
	p := newProcessesOf(t, r.dir, rollingEnv)
	tr := startTraffic(t, p)
	w, begin := newWaiting(t, p, tr.sdk), time.Now()
	for _, step := range []struct {
		name, release string
		order         []string
	}{{"upgrade", current, rolled}, {"rollback", previous, backwards}, {"upgrade again", current, rolled}} {
		since, calls, failed := time.Now(), tr.total(), tr.failed()
		p.roll(t, tr, step.order, func(service string) { r.choose(t, service, step.release) })
		r.wantRunning(t, p.summary(t), step.release)
		t.Logf("%s: %s, %d calls, %d failed", step.name, time.Since(since).Round(100*time.Millisecond), tr.total()-calls, tr.failed()-failed)
	}
	w.release(t)
	tr.during("all is done")
	tr.goOn(t, 200)
	tell(t, "upgrade, rollback and upgrade", begin, tr)
}

// releases is a directory of links to the binaries of one release or another.
type releases struct{ dir string }

// newReleases begins with the previous one.
func newReleases(t *testing.T, current, previous string) releases {
	t.Helper()
	r := releases{dir: t.TempDir()}
	for _, name := range []string{"up", "nats-server"} {
		// up looks for the others where it lies itself.
		if err := os.Link(filepath.Join(current, name), filepath.Join(r.dir, name)); err != nil {
			copyFile(t, filepath.Join(current, name), filepath.Join(r.dir, name))
		}
	}
	for _, service := range rolled {
		r.choose(t, service, previous)
	}
	return r
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// choose decides which release is started from now on.
func (r releases) choose(t *testing.T, service, release string) {
	t.Helper()
	link := filepath.Join(r.dir, service)
	err := os.Symlink(filepath.Join(release, service), link+".next")
	if err == nil {
		err = os.Rename(link+".next", link)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// wantRunning checks that every replica is of a release; see proc(5).
func (r releases) wantRunning(t *testing.T, s summary, release string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return
	}
	for _, service := range rolled {
		for _, p := range s.Processes[service] {
			path, err := os.Readlink("/proc/" + strconv.Itoa(p.PID) + "/exe")
			if want := filepath.Join(release, service); err != nil || path != want {
				t.Errorf("%s runs %s, want %s, %v", service, path, want, err)
			}
		}
	}
}

// waiting are deliveries that one release has begun and another ends.
type waiting struct {
	sink *sink
	open func()
}

// newWaiting publishes events to a target that is away, and waits until some
// have been tried; the others wait behind its open circuit.
func newWaiting(t *testing.T, p *processes, client *sdk.Client) *waiting {
	t.Helper()
	w := &waiting{sink: newSink(t, patientEvents)}
	opened := make(chan struct{})
	w.open = sync.OnceFunc(func() { close(opened) })
	var tried atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		select {
		case <-opened:
			w.sink.ServeHTTP(rw, req)
		default:
			tried.Add(1)
			http.Error(rw, "not now", http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	a := newAPI(&p.house)
	to := a.createTargetWith(t, object{"name": "waiting", "endpoint": server.URL, "timeout": "2s", "restWebhook": object{}})
	a.want(t, http.StatusOK, http.MethodPut, "/actionplane/v1/targets/"+to.id+"/settings", object{"settings": object{
		"retry": object{"maxAttempts": 100, "schedule": []string{"2s"}},
	}})
	a.setExecution(t, object{"event": object{"group": "waiting"}}, to)
	for n := range patientEvents {
		if _, err := client.Publish(within(t), sdk.Event{Type: "waiting.happened", Payload: []byte(`{"n":` + strconv.Itoa(n) + `}`)}); err != nil {
			t.Fatal(err)
		}
		w.sink.accept(n)
	}
	await(t, "what waits has been tried", func() bool { return tried.Load() >= 10 })
	return w
}

// release lets the target take what it is sent.
func (w *waiting) release(t *testing.T) {
	t.Helper()
	w.open()
	awaitWithin(t, 2*patience, "what waited is delivered", func() bool { return w.sink.distinct() == patientEvents })
	if lost, twice := w.sink.lost(), w.sink.twice(); lost+twice > 0 {
		t.Errorf("of what waited %d are lost, %d came twice", lost, twice)
	}
}
