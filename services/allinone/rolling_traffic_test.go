package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/actionplane/actionplane/libs/sdk"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha/actionv3alphaconnect"
)

const (
	// trafficEvents is more than any of these tests publishes.
	trafficEvents = 1_000_000
	// callTimeout is what a caller waits for an answer.
	callTimeout = 60 * time.Second
	// absentTarget asks for what is not there: that is the answer, too.
	absentTarget = "/actionplane/v1/targets/1/settings"
	// generous are the timeouts of targets and scripts, which a busy machine must
	// not run into.
	generous = "20s"
	// slowly is what a target takes that is not quick.
	slowly = 300 * time.Millisecond
)

// traffic is what a house is asked at an even rate while it changes: hooks,
// events and calls of every service, through the SDK and through both gateways
// by clients that keep their connections. A client goes on to the other gateway
// when the one does not listen, or closes a connection that he has kept just as
// he uses it, as a load balancer does; the latter must be rare, for a gateway
// tells clients to go before it closes anything. Nothing else is tried again,
// and everything else that is no success has failed.
type traffic struct {
	house *house
	sdk   *sdk.Client
	http  *http.Client
	grpc  map[string]actionv3alphaconnect.ZITADELActionsClient // by gateway
	sink  *sink

	calls  atomic.Uint64 // chooses the gateway
	events atomic.Int64
	stop   context.CancelFunc
	work   sync.WaitGroup

	mu       sync.Mutex
	phase    string // what is going on
	asked    map[string]int
	moved    int // calls that found a gateway not listening
	reset    int // calls whose connection a gateway closed instead of answering
	failures []string
}

// trafficCaller is one sort of call, made a number of times a second.
type trafficCaller struct {
	name string
	rate int
	call func(ctx context.Context) error
}

// newTraffic registers what the calls need.
func newTraffic(t *testing.T, h *house, client *sdk.Client) *traffic {
	t.Helper()
	tr := &traffic{
		house: h, sdk: client, asked: map[string]int{}, phase: "before",
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: callTimeout},
		sink: newSink(t, trafficEvents),
	}
	t.Cleanup(tr.http.CloseIdleConnections)
	tr.connectGRPC(t)
	a, policies := newAPI(h), startPolicies(t)
	created := a.want(t, http.StatusOK, http.MethodPost, actionsPath, object{"name": "rush", "script": script, "timeout": generous})
	id, _ := created["id"].(string)
	interrupting := func(name, endpoint string) target {
		return a.createTargetWith(t, object{"name": name, "endpoint": endpoint, "timeout": generous, "restCall": object{"interruptOnError": true}})
	}
	rush := interrupting("rolling-rush", "action://"+id)
	a.setExecution(t, onRequest("method", placeOrder), interrupting("rolling-policy", policies), rush)
	a.setExecution(t, onRequest("method", listOrders), interrupting("rolling-slow", policies+"/slow"), rush)
	a.setExecution(t, object{"event": object{"group": "rolling"}},
		a.createTargetWith(t, object{"name": "rolling-sink", "endpoint": tr.sink.url, "timeout": generous, "restWebhook": object{}}))
	bound := a.want(t, http.StatusOK, http.MethodPost, actionsPath, object{"name": "tier", "script": `function tier(ctx, api) { api.v1.claims.setClaim("tier", "gold"); }`, "timeout": generous})
	a.want(t, http.StatusOK, http.MethodPost, "/management/v1/flows/2/trigger/5", object{"actionIds": []any{bound["id"]}})
	return tr
}

// startPolicies starts a target that caps orders; at /slow it takes its time, so
// that hooks are under way whenever somebody stops.
func startPolicies(t *testing.T) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // the caller went away
		}
		if req.URL.Path == "/slow" {
			select {
			case <-time.After(slowly):
			case <-req.Context().Done():
				return
			}
		}
		status, text := capped(1, body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text) // the caller went away
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func (tr *traffic) connectGRPC(t *testing.T) {
	t.Helper()
	var cleartext http.Protocols
	cleartext.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &cleartext}
	t.Cleanup(transport.CloseIdleConnections)
	tr.grpc = map[string]actionv3alphaconnect.ZITADELActionsClient{}
	for _, url := range tr.house.urls {
		tr.grpc[url] = actionv3alphaconnect.NewZITADELActionsClient(&http.Client{Transport: bearer{tr.house.token, transport}}, url, connect.WithGRPC())
	}
}

// callers are all sorts of calls: each service has one that only it can answer.
func (tr *traffic) callers() []trafficCaller {
	get := func(path string) func(context.Context) error {
		return func(ctx context.Context) error { _, err := tr.rest(ctx, http.MethodGet, path, nil); return err }
	}
	organization := "/actionplane/v1/organizations/" + tr.house.organization
	return []trafficCaller{
		{"hook, SDK", 40, func(ctx context.Context) error { return tr.hookSDK(ctx, placeOrder) }},
		{"slow hook, SDK", 20, func(ctx context.Context) error { return tr.hookSDK(ctx, listOrders) }},
		{"slow hook, REST", 20, func(ctx context.Context) error { return tr.hookREST(ctx, listOrders) }},
		{"targets, gRPC", 10, tr.searchGRPC},
		{"hook, REST", 20, func(ctx context.Context) error { return tr.hookREST(ctx, placeOrder) }},
		{"flow, REST", 10, tr.flowREST},
		{"event, SDK", 80, tr.eventSDK},
		{"event, REST", 40, tr.eventREST},
		{"access", 5, get(organization + "/people")},
		{"targets", 5, get(absentTarget)},
		{"executions", 5, func(ctx context.Context) error {
			_, err := tr.rest(ctx, http.MethodPost, executionsPath+"/_search", []object{})
			return err
		}},
		{"actions", 5, func(ctx context.Context) error {
			_, err := tr.rest(ctx, http.MethodPost, actionsPath+"/_search", object{})
			return err
		}},
		{"dispatch", 5, get("/actionplane/v1/deliveries:summary")},
		{"scripts", 5, get(invocationsPath)},
		{"approvals", 5, get("/api/v0/organizations/" + tr.house.organization + "/adminActions")},
		{"target written and read", 4, tr.write},
	}
}

// begin starts all callers.
func (tr *traffic) begin(t *testing.T) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	tr.stop = func() { cancel(); tr.work.Wait() }
	t.Cleanup(tr.stop)
	for _, c := range tr.callers() {
		tr.work.Go(func() { tr.repeat(ctx, c) })
	}
}

// repeat makes calls at the rate, each beside those that are under way, but for
// when these have piled up: then the machine is busy with other things, and
// more calls would only wait.
func (tr *traffic) repeat(ctx context.Context, c trafficCaller) {
	tick := time.NewTicker(time.Second / time.Duration(c.rate))
	defer tick.Stop()
	underWay := make(chan struct{}, 4+c.rate/4)
	var calls sync.WaitGroup
	defer calls.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		select {
		case underWay <- struct{}{}:
		default:
			continue
		}
		calls.Go(func() {
			defer func() { <-underWay }()
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
			defer cancel()
			begin := time.Now()
			err := c.call(ctx)
			tr.note(c.name, time.Since(begin), err)
		})
	}
}

func (tr *traffic) note(name string, took time.Duration, err error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.asked[name]++
	if err != nil {
		tr.failures = append(tr.failures, fmt.Sprintf("%s, while %s, after %s: %v", name, tr.phase, took.Round(time.Millisecond), err))
	}
}

// during names what is going on from now on.
func (tr *traffic) during(phase string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.phase = phase
}

// total counts calls of all sorts.
func (tr *traffic) total() (n int) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, asked := range tr.asked {
		n += asked
	}
	return n
}

// failed counts those that failed.
func (tr *traffic) failed() int {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return len(tr.failures)
}

// goOn waits until some more calls have been made.
func (tr *traffic) goOn(t *testing.T, calls int) {
	t.Helper()
	until := tr.total() + calls
	await(t, "calls are made", func() bool { return tr.total() >= until })
}

// end ends the traffic and checks that nothing failed and nothing was lost.
func (tr *traffic) end(t *testing.T) (line string) {
	t.Helper()
	tr.during("coming to the end")
	tr.stop()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, failure := range tr.failures[:min(len(tr.failures), 20)] {
		t.Error(failure)
	}
	awaitWithin(t, 2*patience, "all events are delivered", func() bool { return tr.sink.lost() == 0 })
	published := int(tr.events.Load())
	total := 0
	for _, name := range slices.Sorted(maps.Keys(tr.asked)) {
		total += tr.asked[name]
		t.Logf("%-24s %6d calls", name, tr.asked[name])
	}
	if tr.reset > 1+total/100 {
		t.Errorf("%d of %d calls were cut off", tr.reset, total)
	}
	return fmt.Sprintf("%d calls, %d failed, %d found a gateway closed, %d were cut off; %d events, %d lost, %d delivered more than once",
		total, len(tr.failures), tr.moved, tr.reset, published, tr.sink.lost(), tr.sink.twice())
}

func (tr *traffic) hookSDK(ctx context.Context, method string) error {
	result, err := tr.sdk.Request(ctx, sdk.Hook{Method: method, Payload: []byte(order), Caller: caller})
	if err == nil && (len(result.Steps) != 2 || !strings.Contains(string(result.Payload), `"rush":true`)) {
		err = fmt.Errorf("got %+v", result)
	}
	return err
}

func (tr *traffic) hookREST(ctx context.Context, method string) error {
	answer, err := tr.rest(ctx, http.MethodPost, "/actionplane/v1/hooks:request", object{"method": method, "payload": json.RawMessage(order)})
	if err == nil && at(answer, "payload", "rush") != true {
		err = fmt.Errorf("got %v", answer)
	}
	return err
}

func (tr *traffic) flowREST(ctx context.Context) error {
	context := object{"v1": object{"claims": object{"sub": "7"}, "user": object{"id": "7"}}}
	answer, err := tr.rest(ctx, http.MethodPost, accessToken, object{"context": context})
	if err == nil && at(answer, "changes", "claims", "tier") != "gold" {
		err = fmt.Errorf("got %v", answer)
	}
	return err
}

// next returns the next event.
func (tr *traffic) next() (n int, id string, payload json.RawMessage) {
	n = int(tr.events.Add(1)) - 1
	return n, "rolling-" + strconv.Itoa(n), json.RawMessage(`{"n":` + strconv.Itoa(n) + `}`)
}

func (tr *traffic) eventSDK(ctx context.Context) error {
	n, id, payload := tr.next()
	_, err := tr.sdk.Publish(ctx, sdk.Event{ID: id, Type: "rolling.happened", Payload: payload})
	if err == nil {
		tr.sink.accept(n)
	}
	return err
}

func (tr *traffic) eventREST(ctx context.Context) error {
	n, id, payload := tr.next()
	_, err := tr.rest(ctx, http.MethodPost, "/actionplane/v1/events", object{"id": id, "type": "rolling.happened", "payload": payload})
	if err == nil {
		tr.sink.accept(n)
	}
	return err
}

// write creates a target and reads it, most often through the other gateway.
func (tr *traffic) write(ctx context.Context) error {
	body := object{"name": "rolling", "endpoint": tr.sink.url, "timeout": generous, "restWebhook": object{}}
	created, err := tr.rest(ctx, http.MethodPost, targetsPath, body)
	if err != nil {
		return err
	}
	id, _ := at(created, "details", "id").(string)
	if _, err := tr.rest(ctx, http.MethodGet, targetsPath+"/"+id, nil); err != nil {
		return err
	}
	_, err = tr.rest(ctx, http.MethodDelete, targetsPath+"/"+id, nil)
	return err
}

// rest calls a gateway.
func (tr *traffic) rest(ctx context.Context, method, path string, in any) (answer object, err error) {
	var text []byte
	if in != nil {
		if text, err = json.Marshal(in); err != nil {
			return nil, err
		}
	}
	err = tr.anywhere(func(gateway string) error {
		answer, err = tr.send(ctx, method, gateway+path, text)
		return err
	})
	return answer, err
}

// anywhere calls the next gateway, and the other when that one does not listen.
func (tr *traffic) anywhere(call func(gateway string) error) (err error) {
	first := tr.calls.Add(1)
	for i := range uint64(len(tr.house.urls)) {
		err = call(tr.house.urls[(first+i)%uint64(len(tr.house.urls))])
		refused := errors.Is(err, syscall.ECONNREFUSED)
		if !refused && !cutOff(err) {
			return err
		}
		tr.mu.Lock()
		if refused {
			tr.moved++
		} else {
			tr.reset++
		}
		tr.mu.Unlock()
	}
	return err
}

// cutOff reports that a connection was closed just as it was used again.
func cutOff(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) ||
		err != nil && strings.Contains(err.Error(), "server closed idle connection") // net/http keeps its name to itself
}

func (tr *traffic) searchGRPC(ctx context.Context) error {
	return tr.anywhere(func(gateway string) error {
		_, err := tr.grpc[gateway].SearchTargets(ctx, &actionv3alpha.SearchTargetsRequest{})
		return err
	})
}

func (tr *traffic) send(ctx context.Context, method, url string, body []byte) (answer object, err error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+tr.house.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := tr.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	absent := resp.StatusCode == http.StatusNotFound && strings.HasSuffix(url, absentTarget)
	if resp.StatusCode/100 != 2 && !absent {
		return nil, &refusal{resp.StatusCode, string(text)}
	}
	return answer, json.Unmarshal(text, &answer)
}
