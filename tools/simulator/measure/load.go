package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
)

const (
	callers      = 32
	batch        = 100 // events of one call
	payloadBytes = 1024
	largeBytes   = 8192
	payloads     = 64 // different ones, that do not compress
)

type object = map[string]any

// load gives the house work, over REST but for what publishers do.
type load struct {
	house      *house
	receiver   *receiver
	publishers *publishers
	client     *http.Client
	next       atomic.Int64
	small      [][]byte
	large      [][]byte
	target     string // id of the first
}

// work is one kind.
type work struct {
	op    cost.Operation
	units int // of one call
	sends int // what the receiver gets of each unit, that is waited for
	call  func(ctx context.Context) error
}

func newLoad(ctx context.Context, h *house) (*load, error) {
	p, err := newPublishers(ctx, h.nats, callers)
	if err != nil {
		return nil, err
	}
	l := &load{house: h, receiver: newReceiver(), publishers: p, small: random(payloadBytes), large: random(largeBytes),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}, Timeout: 30 * time.Second}}
	if err := l.configure(ctx); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *load) close() {
	l.client.CloseIdleConnections()
	_ = l.publishers.close() // the house is gone next
	l.receiver.server.Close()
}

// random are JSON documents of so many bytes.
func random(size int) (all [][]byte) {
	const frame = `{"text":""}`
	raw := make([]byte, size)
	for range payloads {
		_, _ = rand.Read(raw) // never fails
		text := base64.RawURLEncoding.EncodeToString(raw)[:size-len(frame)]
		all = append(all, []byte(`{"text":"`+text+`"}`))
	}
	return all
}

// configure registers targets, an action, and executions.
func (l *load) configure(ctx context.Context) error {
	url := l.receiver.server.URL
	var ids []string
	for i := range 3 {
		id, err := l.createTarget(ctx, "ok-"+strconv.Itoa(i), url+"/ok")
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	l.target = ids[0]
	flaky, err := l.createTarget(ctx, "flaky", url+"/flaky")
	if err != nil {
		return err
	}
	err = l.do(ctx, nil, http.MethodPut, "/actionplane/v1/targets/"+flaky+"/settings", object{"settings": object{
		"retry": object{"maxAttempts": 20, "schedule": []string{"0.3s"}}}})
	if err != nil {
		return err
	}
	script, err := l.createAction(ctx)
	if err != nil {
		return err
	}
	for name, steps := range map[string][]string{"one": ids[:1], "two": ids[:2], "three": ids, "script": {script}, "flaky": {flaky}} {
		for _, condition := range []object{{"request": object{"service": "bench." + name}}, {"event": object{"event": "bench." + name}}} {
			var list []object
			for _, id := range steps {
				list = append(list, object{"target": id})
			}
			body := object{"condition": condition, "execution": object{"targets": list}}
			if err := l.do(ctx, nil, http.MethodPut, "/resources/v3alpha/actions/executions", body); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *load) createTarget(ctx context.Context, name, endpoint string) (string, error) {
	var answer struct {
		Details struct {
			ID string `json:"id"`
		} `json:"details"`
	}
	err := l.do(ctx, &answer, http.MethodPost, "/resources/v3alpha/actions/targets",
		object{"name": name, "endpoint": endpoint, "timeout": "10s", "restWebhook": object{"interruptOnError": false}})
	return answer.Details.ID, err
}

// createAction makes a script, binds it to flow 2, trigger 5, and makes a target
// of it.
func (l *load) createAction(ctx context.Context) (target string, err error) {
	var action struct {
		ID string `json:"id"`
	}
	const script = `function bench(ctx, api) { if (api.v1) { api.v1.claims.setClaim("a", ctx.v1.claims.sub); return } const r = ctx.request; r.seen = true; return r }`
	if err := l.do(ctx, &action, http.MethodPost, "/management/v1/actions", object{"name": "bench", "script": script, "timeout": "5s"}); err != nil {
		return "", err
	}
	if err := l.do(ctx, nil, http.MethodPost, "/management/v1/flows/2/trigger/5", object{"actionIds": []string{action.ID}}); err != nil {
		return "", err
	}
	return l.createTarget(ctx, "script", "action://"+action.ID)
}

// works are all operations, those first that the others need warm.
func (l *load) works() []work {
	return []work{
		{cost.Call, 1, 0, func(ctx context.Context) error {
			return l.do(ctx, nil, http.MethodGet, "/resources/v3alpha/actions/targets/"+l.target, nil)
		}},
		{cost.Change, 1, 0, func(ctx context.Context) error {
			timeout := strconv.FormatInt(2+l.next.Add(1)%7, 10) + "s"
			return l.do(ctx, nil, http.MethodPatch, "/resources/v3alpha/actions/targets/"+l.target, object{"timeout": timeout})
		}},
		{cost.HookMiss, 1, 0, l.hook("none", l.small)},
		{cost.Hook1, 1, 1, l.hook("one", l.small)},
		{cost.Hook3, 1, 3, l.hook("three", l.small)},
		{cost.HookLarge, 1, 1, l.hook("one", l.large)},
		{cost.HookScript, 1, 0, l.hook("script", l.small)},
		{cost.Trigger, 1, 0, func(ctx context.Context) error {
			return l.do(ctx, nil, http.MethodPost, "/actionplane/v1/flows/2/triggers/5:run",
				object{"context": object{"v1": object{"claims": object{"sub": "me"}}}, "organizationId": l.house.summary.OrganizationID})
		}},
		{cost.EventMiss, batch, 0, l.events("none", l.small)},
		{cost.EventMissSingle, 1, 0, l.event("none")},
		{cost.EventMissBus, 1, 0, l.stored("none")},
		{cost.Event1, batch, 1, l.events("one", l.small)},
		{cost.Event3, batch, 3, l.events("three", l.small)},
		{cost.EventLarge, batch, 1, l.events("one", l.large)},
		{cost.EventRetried, batch, 1, l.events("flaky", l.small)},
	}
}

func (l *load) payload(of [][]byte) json.RawMessage { return of[l.next.Add(1)%int64(len(of))] }

func (l *load) hook(chain string, payloads [][]byte) func(context.Context) error {
	return func(ctx context.Context) error {
		return l.do(ctx, nil, http.MethodPost, "/actionplane/v1/hooks:request",
			object{"method": "/bench." + chain + "/Do", "payload": l.payload(payloads), "deadline": "10s"})
	}
}

func (l *load) event(kind string) func(context.Context) error {
	return func(ctx context.Context) error {
		return l.do(ctx, nil, http.MethodPost, "/actionplane/v1/events", object{"type": "bench." + kind, "payload": l.payload(l.small)})
	}
}

// stored has an event stored in the stream, past gateway and executions.
func (l *load) stored(kind string) func(context.Context) error {
	return func(ctx context.Context) error { return l.publishers.publish(ctx, "bench."+kind, l.payload(l.small)) }
}

// events publishes a batch, or of large payloads several, for a batch is bounded.
func (l *load) events(kind string, payloads [][]byte) func(context.Context) error {
	return func(ctx context.Context) error {
		var all []object
		for range batch {
			all = append(all, object{"type": "bench." + kind, "payload": l.payload(payloads)})
		}
		return l.do(ctx, nil, http.MethodPost, "/actionplane/v1/events:batch", object{"events": all})
	}
}

// do makes a call; an answer that is no success is an error.
func (l *load) do(ctx context.Context, answer any, method, path string, in any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	urls := l.house.summary.URLs
	req, err := http.NewRequestWithContext(ctx, method, urls[l.next.Add(1)%int64(len(urls))]+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+l.house.summary.Token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("x-zitadel-orgid", l.house.summary.OrganizationID)
	resp, err := l.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// give has callers make calls until the time is over, and returns how many.
func (l *load) give(ctx context.Context, w work, callers int, window time.Duration) (calls int, err error) {
	var n atomic.Int64
	var all sync.WaitGroup
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	end := time.Now().Add(window)
	for range callers {
		all.Go(func() {
			for ctx.Err() == nil && time.Now().Before(end) {
				if err := w.call(ctx); err != nil {
					fail(fmt.Errorf("%s: %w", w.op, err))
					return
				}
				n.Add(1)
			}
		})
	}
	all.Wait()
	return int(n.Load()), context.Cause(ctx)
}
