package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/sdk"
)

const (
	// publishers try to publish at once.
	publishers = 16
	// publishTry bounds one try.
	publishTry = 2 * time.Second
	// overREST is one event in how many that comes over the public API; the
	// others come over the SDK.
	overREST = 4
	// overSick is one event in how many that sick targets get.
	overSick = 10
)

// load is many events, published at an even rate until each is stored.
type load struct {
	fleet        *fleet
	events, rate int
	group        string // of the events
	padding      string
	sink         *sink
	target       target // the sink
	sicks        []*sick
	http         *http.Client

	hit       chan struct{} // closed once the fault is there
	struck    func()
	published sync.WaitGroup

	mu       sync.Mutex
	refusals map[string]error // the latest, by way: "SDK", "REST"
	broken   []error
}

// newLoad registers targets and executions.
func newLoad(t *testing.T, f *fleet, c *chaos, s scenario) *load {
	t.Helper()
	l := &load{
		fleet: f, events: c.events, rate: c.rate, group: "chaos." + strings.ToLower(s.name), padding: strings.Repeat("x", s.padding),
		sink: newSink(t, c.events), hit: make(chan struct{}), refusals: map[string]error{},
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: publishers}, Timeout: publishTry},
	}
	l.struck = sync.OnceFunc(func() { close(l.hit) })
	t.Cleanup(l.struck)
	t.Cleanup(l.http.CloseIdleConnections)
	l.target = f.api.createTargetWith(t, object{"name": s.name, "endpoint": l.sink.url, "timeout": "2s", "restWebhook": object{}})
	l.sink.flaky, l.sink.slow = s.flaky, s.slow
	f.setRetry(t, l.target)
	chain := []any{l.target}
	if s.scripted {
		chain = []any{f.script, l.target}
	}
	f.api.setExecution(t, object{"event": object{"group": l.group}}, chain...)
	if s.sick {
		l.addSick(t)
	}
	return l
}

// addSick puts sick targets before the healthy one, for some of the events.
func (l *load) addSick(t *testing.T) {
	t.Helper()
	var chain []any
	for name, behave := range illnesses {
		s := newSick(t, behave)
		target := l.fleet.api.createTargetWith(t, object{"name": name, "endpoint": s.url, "timeout": "1s", "restWebhook": object{"interruptOnError": false}})
		l.fleet.setRetry(t, target)
		s.target = target
		l.sicks, chain = append(l.sicks, s), append(chain, target)
	}
	l.fleet.api.setExecution(t, object{"event": object{"group": l.group + ".sick"}}, append(chain, l.target)...)
}

// isSick reports whether sick targets get the event, too.
func (l *load) isSick(n int) bool { return len(l.sicks) > 0 && n%overSick == 0 }

// begin publishes from now on. Half of the events wait for the fault.
func (l *load) begin(t *testing.T) {
	numbers := make(chan int)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(func() { cancel(); l.published.Wait() })
	l.published.Go(func() {
		defer close(numbers)
		l.feed(ctx, numbers)
	})
	for range publishers {
		l.published.Go(func() {
			for n := range numbers {
				l.publish(ctx, n)
			}
		})
	}
}

// feed hands out events at the rate.
func (l *load) feed(ctx context.Context, numbers chan<- int) {
	tick := time.NewTicker(time.Second / time.Duration(l.rate))
	defer tick.Stop()
	for n := range l.events {
		if n == l.events/2 {
			select {
			case <-l.hit:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		select {
		case numbers <- n:
		case <-ctx.Done():
			return
		}
	}
}

// publish publishes one event until it is stored, always under the same id.
func (l *load) publish(ctx context.Context, n int) {
	kind := ".well.happened"
	if l.isSick(n) {
		kind = ".sick.happened"
	}
	e := sdk.Event{
		ID: l.group[len("chaos."):] + "-" + strconv.Itoa(n), Type: l.group + kind,
		Payload: []byte(`{"n":` + strconv.Itoa(n) + `,"padding":"` + l.padding + `"}`),
	}
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	for {
		way, err := l.try(ctx, n, e)
		if err == nil {
			l.sink.accept(n)
			return
		}
		l.refused(way, err)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
	}
}

func (l *load) try(ctx context.Context, n int, e sdk.Event) (way string, err error) {
	ctx, cancel := context.WithTimeout(ctx, publishTry)
	defer cancel()
	if n%overREST == 0 {
		return "REST", l.post(ctx, e)
	}
	_, err = l.fleet.sdk.Publish(ctx, e)
	return "SDK", err
}

// refusal is an answer of the public API that is no success.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.status, r.text) }

func (l *load) post(ctx context.Context, e sdk.Event) error {
	body, err := json.Marshal(object{"id": e.ID, "type": e.Type, "payload": json.RawMessage(e.Payload)})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.fleet.api.url()+"/actionplane/v1/events", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+l.fleet.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := l.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusAccepted {
		err = &refusal{resp.StatusCode, string(text)}
	}
	return err
}

// refused keeps what a publisher was told. What says that the event is wrong
// would never end.
func (l *load) refused(way string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusals[way] = err
	var sdkErr *sdk.Error
	var answer *refusal
	if errors.As(err, &sdkErr) && sdkErr.Code == sdk.CodeInvalid || errors.As(err, &answer) && answer.status == http.StatusBadRequest {
		l.broken = append(l.broken, err)
	}
}

// refusal returns the latest of one way.
func (l *load) refusal(way string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refusals[way]
}

// wait waits until all is published.
func (l *load) wait(t *testing.T) {
	t.Helper()
	l.published.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.broken) > 0 {
		t.Errorf("an event was refused as invalid: %v", l.broken[0])
	}
	l.http.CloseIdleConnections()
}
