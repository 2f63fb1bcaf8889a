package main

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// rolled are all services, in the order in which they are replaced: whatever
// order an orchestrator takes must do.
var rolled = []string{"access", "targets", "actions", "approvals", "scripts", "dispatch", "executions", "gateway"}

// rollingEnv is that of ordinary operation, but that a client is not slowed down
// and a target that is away is looked at often.
var rollingEnv = map[string]string{
	"ACTIONPLANE_RATE_LIMIT": "0", "ACTIONPLANE_CIRCUIT_PAUSE": "500ms", "ACTIONPLANE_CIRCUIT_MAX_PAUSE": "2s",
}

// TestRollingRestart stops every replica of every service in order, one after
// the other, and waits until it is ready again, as an orchestrator does, while
// the house is used: no call may fail, and no event be lost.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	p := newProcesses(t, rollingEnv)
	tr := startTraffic(t, p)
	begin := time.Now()
	p.roll(t, tr, rolled, nil)
	tr.during("all is done")
	tr.goOn(t, 200)
	tell(t, "rolling restart of every service", begin, tr)
}

func startTraffic(t *testing.T, p *processes) *traffic {
	t.Helper()
	tr := newTraffic(t, &p.house, p.connectSDK(t))
	await(t, "a hook is answered in full", func() bool { return tr.hookSDK(within(t), placeOrder) == nil && tr.flowREST(within(t)) == nil })
	tr.begin(t)
	tr.goOn(t, 200)
	return tr
}

// roll replaces one replica after the other; before those of a service, replace
// is called with its name.
func (p *processes) roll(t *testing.T, tr *traffic, order []string, replace func(service string)) {
	t.Helper()
	for _, service := range order {
		if replace != nil {
			replace(service)
		}
		for i := range p.summary(t).Processes[service] {
			tr.during(fmt.Sprintf("%s-%d is replaced", service, i+1))
			p.restart(t, service, i)
			tr.goOn(t, 50)
		}
	}
}

// restart stops one replica in order and waits until another is ready in its
// place.
func (p *processes) restart(t *testing.T, service string, i int) {
	t.Helper()
	old := p.summary(t).Processes[service][i]
	if err := syscall.Kill(old.PID, syscall.SIGTERM); err != nil {
		t.Fatalf("%s-%d: %v", service, i+1, err)
	}
	awaitWithin(t, 2*patience, fmt.Sprintf("%s-%d is back", service, i+1), func() bool {
		select {
		case <-p.up.ended:
			t.Fatal("up has ended: a replica did not stop in order")
		default:
		}
		now := p.summary(t).Processes[service][i]
		return now.PID != old.PID && isReady(t, now.ReadyURL)
	})
}

// tell ends the traffic and prints a line.
func tell(t *testing.T, what string, begin time.Time, tr *traffic) {
	t.Helper()
	took := time.Since(begin).Round(100 * time.Millisecond)
	line := fmt.Sprintf("%s, %s: %s", what, took, tr.end(t))
	t.Log(line)
	fmt.Println(line)
}
