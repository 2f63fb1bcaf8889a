package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/sdk"
)

const (
	restartEvents = 1000
	// heldBack is how many deliveries the receiver answers before it keeps all
	// others waiting until the restart is under way: so that there are events
	// in every state when it comes.
	heldBack = 150
	// publishedBefore is how many events are stored before the restart; the
	// others are published while it is under way.
	publishedBefore = 500
)

// restartEnv makes what a dead process held come back soon. The receiver may
// keep a delivery as long as the target's timeout, 2 s.
var restartEnv = map[string]string{"ACTIONPLANE_DELIVERY_LEASE": "1s"}

// TestRestartInTheMiddle publishes a thousand events and restarts what resolves
// and delivers them in the middle: none may be lost. How many come twice is
// printed.
func TestRestartInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, shape := range []struct {
		name  string
		start func(*testing.T) (h *house, restart func(released func()))
	}{
		{"AllInOneStopped", restartInProcess},
		{"AllInOneKilled", restartKilled},
		{"OneReplicaKilled", restartReplicas},
	} {
		t.Run(shape.name, func(t *testing.T) {
			t.Parallel()
			h, restart := shape.start(t)
			r := &restarting{inbox: newInbox(t), sdk: h.connectSDK(t)}
			a := newAPI(h)
			sink := a.createTargetWith(t, object{"name": "sink", "endpoint": r.inbox.url, "timeout": "2s", "restWebhook": object{}})
			a.setExecution(t, object{"event": object{"group": "restart"}}, sink)
			begin := time.Now()
			r.run(t, restart)
			total := r.inbox.total()
			line := fmt.Sprintf("restart in the middle, %s: %d events, none lost, %d delivered more than once (%d requests), %s",
				shape.name, restartEvents, r.inbox.repeated(), total, time.Since(begin).Round(time.Millisecond))
			t.Log(line)
			fmt.Println(line)
		})
	}
}

// restarting is one such story.
type restarting struct {
	inbox *inbox
	sdk   *sdk.Client
}

func (r *restarting) run(t *testing.T, restart func(released func())) {
	t.Helper()
	r.publish(t, 0, publishedBefore)
	await(t, "deliveries are under way", func() bool { return r.inbox.distinct() >= heldBack && r.inbox.waiting() > 0 })
	var publishing sync.WaitGroup
	publishing.Go(func() { r.publish(t, publishedBefore, restartEvents) })
	restart(r.inbox.release)
	publishing.Wait()
	await(t, "all events are delivered", func() bool { return r.inbox.distinct() == restartEvents })
}

// publish publishes events, each until it is stored: while nobody is there, a
// publisher tries again under the same id.
func (r *restarting) publish(t *testing.T, from, to int) {
	t.Helper()
	numbers := make(chan int)
	var publishers sync.WaitGroup
	for range 16 {
		publishers.Go(func() {
			for n := range numbers {
				r.publishOne(t, n)
			}
		})
	}
	for n := from; n < to; n++ {
		numbers <- n
	}
	close(numbers)
	publishers.Wait()
}

func (r *restarting) publishOne(t *testing.T, n int) {
	e := sdk.Event{ID: "restart-" + strconv.Itoa(n), Type: "restart.event.happened", Payload: []byte(`{"n":` + strconv.Itoa(n) + `}`)}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		try, cancel := context.WithTimeout(ctx, time.Second)
		_, err := r.sdk.Publish(try, e)
		cancel()
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Errorf("event %d could not be published: %v", n, err)
			return
		}
	}
}

// inbox is a receiver that counts what it gets.
type inbox struct {
	url      string
	released chan struct{}
	release  func()

	mu   sync.Mutex
	seen map[int]int // answers by event
	held int         // requests that are kept waiting
}

func newInbox(t *testing.T) *inbox {
	t.Helper()
	i := &inbox{released: make(chan struct{}), seen: map[int]int{}}
	i.release = sync.OnceFunc(func() { close(i.released) })
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	t.Cleanup(i.release)
	i.url = server.URL
	return i
}

func (i *inbox) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var body struct {
		Payload struct{ N int } `json:"event_payload"`
	}
	if err := json.NewDecoder(req.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if i.hold() {
		select {
		case <-i.released:
		case <-req.Context().Done():
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.seen[body.Payload.N]++
}

// hold reports whether a request must wait.
func (i *inbox) hold() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.seen) < heldBack {
		return false
	}
	i.held++
	return true
}

func (i *inbox) count(f func() int) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return f()
}

func (i *inbox) distinct() int { return i.count(func() int { return len(i.seen) }) }

func (i *inbox) waiting() int { return i.count(func() int { return i.held }) }

func (i *inbox) total() int {
	return i.count(func() int {
		total := 0
		for _, n := range i.seen {
			total += n
		}
		return total
	})
}

func (i *inbox) repeated() int {
	return i.count(func() int {
		repeated := 0
		for _, n := range i.seen {
			if n > 1 {
				repeated++
			}
		}
		return repeated
	})
}

// restartInProcess stops the one process in order and starts it again.
func restartInProcess(t *testing.T) (*house, func(func())) {
	t.Helper()
	a := newAllInOne(t, restartEnv)
	stop := a.start(t)
	return &a.house, func(released func()) {
		stopped := make(chan struct{})
		go func() { defer close(stopped); stop() }()
		released()
		<-stopped
		a.start(t)
	}
}

// restartKilled kills the one process and starts it again.
func restartKilled(t *testing.T) (*house, func(func())) {
	t.Helper()
	if testing.Short() {
		t.Skip("a process of its own takes a while: not with -short")
	}
	bin := filepath.Join(binaries(t), "actionplane")
	a := newAllInOne(t, restartEnv)
	launch := func() *program {
		p := startProgram(t, bin, nil, a.env, func(c *exec.Cmd) { c.Stderr = os.Stderr })
		awaitReady(t, a.urls[0]+"/readyz", p.ended)
		return p
	}
	p := launch()
	a.learn(t)
	return &a.house, func(released func()) {
		p.signal(t, syscall.SIGKILL)
		<-p.ended
		released()
		launch()
	}
}

// restartReplicas kills one replica each of those that resolve and deliver; up
// starts them again.
func restartReplicas(t *testing.T) (*house, func(func())) {
	t.Helper()
	p := newProcesses(t, restartEnv)
	return &p.house, func(released func()) {
		before := p.summary(t)
		victims := []string{"executions", "dispatch"}
		for _, service := range victims {
			if err := syscall.Kill(before.Processes[service][0].PID, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		}
		released()
		for _, service := range victims {
			await(t, service+" is back", func() bool {
				again := p.summary(t).Processes[service][0]
				return again.PID != before.Processes[service][0].PID && isReady(t, again.ReadyURL)
			})
		}
	}
}
