package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/proto/contract"
)

// chaosEnv lets what a dead process held come back soon, and what is sick be
// tried often.
var chaosEnv = map[string]string{
	"ACTIONPLANE_DELIVERY_LEASE": "1s", "ACTIONPLANE_DELIVERY_PAUSE": "500ms", "ACTIONPLANE_CIRCUIT_MAX_PAUSE": "2s",
	"ACTIONPLANE_CIRCUIT_PAUSE": "500ms", "ACTIONPLANE_RATE_LIMIT": "0", "ACTIONPLANE_LOG_LEVEL": "ERROR",
	// More than a scenario with ordinary events comes to.
	"ACTIONPLANE_EVENTS_MAX_BYTES": strconv.Itoa(eventsMaxBytes),
}

// eventsMaxBytes of the stream of events.
const eventsMaxBytes = 8 << 20

// fleet is a process per service, two replicas of each, and the scenarios' way
// in.
type fleet struct {
	*processes
	api    *api
	sdk    *sdk.Client
	js     jetstream.JetStream
	script target
}

// passes returns an event as it came.
const passes = `function pass(ctx, api) { return ctx.request; }`

func newFleet(t *testing.T, extra map[string]string) *fleet {
	t.Helper()
	return newFleetOf(t, binaries(t), extra)
}

// newFleetOf starts the binaries of a directory.
func newFleetOf(t *testing.T, bin string, extra map[string]string) *fleet {
	t.Helper()
	env := map[string]string{}
	for _, vars := range []map[string]string{chaosEnv, extra} {
		for name, value := range vars {
			env[name] = value
		}
	}
	f := &fleet{processes: newProcessesOf(t, bin, env)}
	f.api, f.sdk = newAPI(&f.house), f.connectSDK(t)
	js, err := jetstream.New(f.connectNATS(t))
	if err != nil {
		t.Fatal(err)
	}
	f.js = js
	await(t, "the services answer", f.answers(t)) // a cluster still makes its streams when all are up
	created := f.api.want(t, http.StatusOK, http.MethodPost, actionsPath, object{"name": "pass", "script": passes, "timeout": "5s"})
	id, _ := created["id"].(string)
	f.script = f.api.createTarget(t, "pass", "action://"+id, "restWebhook", true)
	f.warm(t)
	await(t, "both replicas of every service are at work", func() bool { return f.measure(t).alike() })
	return f
}

// answers reports whether every gateway's calls are answered, through access
// and those who own what is asked for.
func (f *fleet) answers(t *testing.T) func() bool {
	return func() bool {
		for range f.urls {
			for _, path := range []string{"/actionplane/v1/deliveries:summary", "/actionplane/v1/targets/1/settings"} {
				status, _, err := f.api.try(within(t), http.MethodGet, path, nil)
				if err != nil || status != http.StatusOK && status != http.StatusNotFound {
					return false
				}
			}
			if status, _, err := f.api.try(within(t), http.MethodPost, actionsPath+"/_search", object{}); err != nil || status != http.StatusOK {
				return false
			}
		}
		return true
	}
}

// warm sends events through everything, so that pools are as full as they get.
func (f *fleet) warm(t *testing.T) {
	t.Helper()
	c := &chaos{events: 500, rate: 1000}
	l := newLoad(t, f, c, scenario{name: "warm", scripted: true})
	l.struck()
	l.begin(t)
	l.wait(t)
	await(t, "the warm-up is delivered", func() bool { return l.sink.distinct() == c.events })
	await(t, "nothing of it is in limbo", func() bool { return l.limbo(t) == 0 })
}

func startPlainFleet(t *testing.T) *fleet { return newFleet(t, nil) }

// setRetry has a target tried every second until all is over.
func (f *fleet) setRetry(t *testing.T, to target) {
	t.Helper()
	f.api.want(t, http.StatusOK, http.MethodPut, "/actionplane/v1/targets/"+to.id+"/settings", object{"settings": object{
		"retry": object{"maxAttempts": 100, "schedule": []string{"1s"}},
	}})
}

// kill kills all processes of a service or server and returns who they were.
func (f *fleet) kill(t *testing.T, service string) []process {
	t.Helper()
	before := f.summary(t).Processes[service]
	if len(before) == 0 {
		t.Fatalf("there is no %s", service)
	}
	for _, p := range before {
		f.signal(t, p, syscall.SIGKILL)
	}
	return before
}

func (f *fleet) signal(t *testing.T, p process, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(p.PID, sig); err != nil {
		t.Errorf("process %d: %v", p.PID, err)
	}
}

// keepAway keeps children from being started again until back is called.
func (f *fleet) keepAway(t *testing.T, names ...string) (back func()) {
	t.Helper()
	for _, name := range names {
		if err := os.WriteFile(f.awayFile(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	back = func() {
		for _, name := range names {
			if err := os.Remove(f.awayFile(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
		}
	}
	t.Cleanup(back)
	return back
}

func (f *fleet) awayFile(name string) string { return filepath.Join(f.dir, "away", name) }

// awaitBack waits until others are there in place of those who were.
func (f *fleet) awaitBack(t *testing.T, service string, before []process) {
	t.Helper()
	await(t, service+" is back", func() bool {
		for i, p := range f.summary(t).Processes[service] {
			if p.PID == before[i].PID {
				return false
			}
		}
		return true
	})
}

// limbo counts what has not come to its end: deliveries, and messages in the
// streams on the way to them. What has ended and not in success counts, too.
func (l *load) limbo(t *testing.T) (total int) {
	t.Helper()
	for _, id := range l.targets() {
		status, answer, err := l.ask(t, "/actionplane/v1/deliveries:summary?targetId="+id)
		if err != nil || status != http.StatusOK {
			return -1 // not known
		}
		counts, _ := answer["counts"].([]any)
		for _, c := range counts {
			n, _ := strconv.Atoi(fmt.Sprint(at(c, "count")))
			total += n
		}
	}
	for _, name := range []string{contract.EventsStream, contract.RunsStream} {
		n, err := l.fleet.backlog(t, name)
		if err != nil {
			return -1
		}
		total += n
	}
	return total
}

func (l *load) targets() []string {
	all := []string{l.target.id}
	for _, s := range l.sicks {
		all = append(all, s.target.id)
	}
	return all
}

// backlog returns how many messages a stream holds, with those that a consumer
// has not acknowledged.
func (f *fleet) backlog(t *testing.T, name string) (int, error) {
	t.Helper()
	stream, err := f.js.Stream(within(t), name)
	if err != nil {
		return 0, err
	}
	total := int(stream.CachedInfo().State.Msgs)
	list := stream.ListConsumers(within(t))
	for info := range list.Info() {
		total += info.NumAckPending + int(info.NumPending)
	}
	return total, list.Err()
}

// ask reads from the public API, which may be away.
func (l *load) ask(t *testing.T, path string) (status int, answer object, err error) {
	t.Helper()
	return l.fleet.api.try(within(t), http.MethodGet, path, nil)
}

// wantRecorded checks that each event is one delivery that succeeded, by the
// public API's own list.
func (l *load) wantRecorded(t *testing.T) {
	t.Helper()
	recorded, before := 0, ""
	for {
		answer := l.fleet.api.want(t, http.StatusOK, http.MethodGet,
			"/actionplane/v1/deliveries?limit=1000&state=DELIVERY_STATE_SUCCEEDED&targetId="+l.target.id+"&before="+before, nil)
		list, _ := answer["deliveries"].([]any)
		if len(list) == 0 {
			break
		}
		recorded += len(list)
		before, _ = at(list[len(list)-1], "id").(string)
	}
	if recorded != l.events {
		t.Errorf("%d deliveries are recorded as succeeded, of %d events", recorded, l.events)
	}
}

// usage is what a process holds.
type usage struct {
	service                 string
	goroutines, descriptors int
	peak                    int // MiB of memory, since resetPeaks
}

// usages are those of the services' processes by number.
type usages map[int]usage

// alike reports whether replicas of a service hold about the same: one that is
// ready may still be waiting for a cluster to make its streams.
func (all usages) alike() bool {
	least := map[string]int{}
	for _, u := range all {
		if n, ok := least[u.service]; !ok || u.goroutines < n {
			least[u.service] = u.goroutines
		}
	}
	for _, u := range all {
		if u.goroutines > least[u.service]+u.room() {
			return false
		}
	}
	return true
}

// slack is how much more of either a process may hold after a scenario: its
// pools of connections may not have been as full before.
const slack = 24

// crew is how many goroutines of dispatch rest between attempts, at most, and
// are made when so many attempts are under way for the first time.
const crew = 128

// room is how many more goroutines it may have.
func (u usage) room() int {
	if u.service == "dispatch" {
		return slack + crew
	}
	return slack
}

// measure returns what every process of ours holds. Connections that are kept
// to a target for a while are not counted.
func (f *fleet) measure(t *testing.T, ports ...string) usages {
	t.Helper()
	kept, all := socketsTo(t, ports), usages{}
	for service, list := range f.summary(t).Processes {
		for _, p := range list {
			if p.ReadyURL == "" {
				continue
			}
			u := usage{service: service, goroutines: goroutines(t, strings.TrimSuffix(p.ReadyURL, "readyz")+"metrics")}
			if u.goroutines == 0 {
				continue // it is starting, or gone
			}
			u.descriptors, u.peak = descriptors(p.PID, kept), peak(p.PID)
			all[p.PID] = u
		}
	}
	return all
}

func (l *load) ports(t *testing.T) []string {
	t.Helper()
	ports := []string{portOf(t, l.sink.url)}
	for _, s := range l.sicks {
		ports = append(ports, portOf(t, s.url))
	}
	return ports
}

// quiet waits until no process changes any more, and returns what they hold.
func (f *fleet) quiet(t *testing.T, l *load) usages {
	t.Helper()
	last := f.measure(t, l.ports(t)...)
	still := 0
	await(t, "the processes are quiet", func() bool {
		now := f.measure(t, l.ports(t)...)
		same := len(now) == len(last)
		for pid, u := range now {
			b := last[pid]
			same = same && near(u.goroutines, b.goroutines) && near(u.descriptors, b.descriptors)
		}
		if last = now; !same {
			still = 0
			return false
		}
		still++
		return still == 5
	})
	return last
}

func near(a, b int) bool { return a-b <= 2 && b-a <= 2 }

// leftOpen waits until the processes that survived hold no more than before,
// and returns what all hold.
func (f *fleet) leftOpen(t *testing.T, before usages, l *load) (after usages) {
	t.Helper()
	var more []string
	enough := func() bool {
		after, more = f.measure(t, l.ports(t)...), nil
		for pid, u := range after {
			if b, survived := before[pid]; survived && (u.goroutines > b.goroutines+u.room() || u.descriptors > b.descriptors+slack) {
				more = append(more, fmt.Sprintf("%s (%d): goroutines %d, before %d; descriptors %d, before %d",
					u.service, pid, u.goroutines, b.goroutines, u.descriptors, b.descriptors))
			}
		}
		return len(more) == 0
	}
	defer func() {
		if t.Failed() {
			t.Log(more)
		}
	}()
	await(t, "goroutines and descriptors are as few as before", enough)
	return after
}

// goroutines reads a process's own count; 0 where it does not answer.
func goroutines(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(within(t), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := plainHTTP.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "go_goroutines "); ok {
			n, _ := strconv.ParseFloat(text, 64)
			return int(n)
		}
	}
	return 0
}

// descriptors counts the open files of a process, but for some sockets.
func descriptors(pid int, but map[string]bool) (n int) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if link, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil && !but[link] {
			n++
		}
	}
	return n
}

// socketsTo returns the sockets of this machine whose other end is one of some
// ports, as links of descriptors name them. See proc(5), /proc/net/tcp.
func socketsTo(t *testing.T, ports []string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for l := range strings.Lines(string(text)) {
		fields := strings.Fields(l)
		if len(fields) < 10 {
			continue
		}
		_, hex, _ := strings.Cut(fields[2], ":")
		port, err := strconv.ParseUint(hex, 16, 16)
		if err == nil && slices.Contains(ports, strconv.FormatUint(port, 10)) {
			found["socket:["+fields[9]+"]"] = true
		}
	}
	return found
}

// peak returns the most memory that a process has had, in MiB.
func peak(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for l := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(l, "VmHWM:"); ok {
			kb, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			return kb >> 10
		}
	}
	return 0
}

// resetPeaks lets peaks begin anew; see proc(5), clear_refs.
func (f *fleet) resetPeaks(t *testing.T) {
	t.Helper()
	for _, list := range f.summary(t).Processes {
		for _, p := range list {
			if file, err := os.OpenFile(fmt.Sprintf("/proc/%d/clear_refs", p.PID), os.O_WRONLY, 0); err == nil {
				_, _ = io.WriteString(file, "5")
				_ = file.Close()
			}
		}
	}
}
