package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/libs/pg/pgserver"
	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/telemetry/telemetrytest"
)

// observed is a house that tells all it can: every line at DEBUG, every span,
// every metric.
type observed struct {
	*approving
	program   *program
	errors    printed
	collector *telemetrytest.Collector
	receiver  *receiver
	sdk       *sdk.Client
	secrets   map[string]string // that nobody must tell, by what they are
}

// What the house is given, and must keep to itself.
var givenSecrets = map[string]string{
	"password of the database":          "hunter2-database",
	"password of Redis":                 "hunter2-redis",
	"master key":                        "hunter2-master-key-of-32-characters",
	"value of a target's secret header": "hunter2-header",
	"user of an endpoint":               "hunter2-user",
	"password of an endpoint":           "hunter2-password",
	"path of an endpoint":               "hunter2-path",
	"query of an endpoint":              "hunter2-query",
	"secret of a script":                "hunter2-script",
	"secret of a gated change":          "hunter2-gated",
	"payload":                           "hunter2-payload",
	"answer of a target":                "hunter2-answer",
	"token that is nobody's":            "ap_hunter2-guessed",
}

func startObserved(t *testing.T) *observed {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a binary: not with -short")
	}
	o := &observed{collector: telemetrytest.NewCollector(t), receiver: startReceiver(t), secrets: map[string]string{}}
	for what, value := range givenSecrets {
		o.secrets[what] = value
	}
	a := newAllInOne(t, map[string]string{
		"DATABASE_URL":                startDatabase(t) + "&password=" + o.secrets["password of the database"],
		"REDIS_URL":                   "redis://:" + o.secrets["password of Redis"] + "@127.0.0.1:1", // away: what is said of that tells no password
		"ACTIONPLANE_MASTER_KEY":      o.secrets["master key"],
		"ACTIONPLANE_LOG_LEVEL":       "DEBUG",
		"ACTIONPLANE_LOG_SUCCESSES":   "1000000",
		"OTEL_EXPORTER_OTLP_ENDPOINT": o.collector.URL(),
		"OTEL_METRIC_EXPORT_INTERVAL": "1000", "OTEL_BSP_SCHEDULE_DELAY": "200",
		"ACTIONPLANE_METRIC_LABELS": "10", "ACTIONPLANE_APPROVAL_MODE_TTL": "1ns", "ACTIONPLANE_EVENTS_MAX_BYTES": "67108864",
		"ACTIONPLANE_CIRCUIT_FAILURES": "2", "ACTIONPLANE_CIRCUIT_PAUSE": "20ms", "ACTIONPLANE_CIRCUIT_MAX_PAUSE": "40ms",
		"DEMO": "0",
	})
	o.program = startProgram(t, filepath.Join(binaries(t), "actionplane"), nil, a.env, func(c *exec.Cmd) {
		c.Stdout, c.Stderr = io.Discard, &o.errors // on stdout it shows the token to whoever started it
	})
	awaitReady(t, a.urls[0]+"/readyz", o.program.ended)
	a.learn(t)
	o.approving = &approving{allInOne: a, owner: newAPI(&a.house)}
	o.sdk = o.connectSDK(t)
	o.secrets["token of the owner"] = a.token
	token, _, _ := strings.Cut(strings.TrimPrefix(a.natsURL, "nats://"), "@")
	o.secrets["token of NATS"] = token
	return o
}

// startDatabase returns the URL of a Postgres for all services.
func startDatabase(t *testing.T) string {
	t.Helper()
	server, err := pgserver.Start(t.Context(), pgserver.Config{DataDir: filepath.Join(dataDir(t), "postgres"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
	for _, service := range []string{"access", "targets", "actions", "executions", "scripts", "dispatch", "approvals"} {
		if _, err := server.EnsureRole(t.Context(), service); err != nil {
			t.Fatal(err)
		}
	}
	return strings.ReplaceAll(server.URL("SERVICE", pgserver.Database), "SERVICE", "{service}")
}

// TestObserved has a house do everything once, and a flood of strangers come by,
// and then reads all that it has told of itself.
func TestObserved(t *testing.T) {
	t.Parallel()
	o := startObserved(t)
	o.runHooks(t)
	o.runEvents(t)
	o.runScripts(t)
	o.runApprovals(t)
	o.comeInVain(t)
	o.flood(t)
	metrics := o.scrape(t)
	t.Run("EveryMetricIsListedAndEveryListedOneIsThere", func(t *testing.T) { o.listed(t, metrics) })
	t.Run("SeriesAreFew", func(t *testing.T) { o.few(t, metrics) })
	t.Run("WhatWasDoneIsCounted", func(t *testing.T) { counted(t, metrics) })
	t.Run("TheCollectorGetsThemToo", o.collected)
	t.Run("WhatCameToAnEndHasALine", o.lines)
	o.program.signal(t, stopSignal)
	if <-o.program.ended; o.program.err != nil {
		t.Errorf("the end was not orderly: %v", o.program.err)
	}
	t.Run("SecretsAreNowhere", func(t *testing.T) { o.noSecrets(t, metrics) })
}

// target makes a target and remembers its key.
func (o *observed) target(t *testing.T, name, endpoint, kind string, interrupts bool) target {
	t.Helper()
	made := o.owner.createTarget(t, name, endpoint, kind, interrupts)
	o.secrets["key of target "+name] = made.key
	return made
}

func (o *observed) set(t *testing.T, made target, settings object) {
	t.Helper()
	path := v1Path + "/targets/" + made.id + "/settings"
	read := o.owner.want(t, http.StatusOK, http.MethodGet, path, nil)
	o.owner.want(t, http.StatusOK, http.MethodPut, path, object{"version": at(read, "status", "version"), "settings": settings})
}

// payload is what is sent through chains.
func (o *observed) payload() []byte { return []byte(`{"order":"` + o.secrets["payload"] + `"}`) }

// runHooks runs chains that end in every way.
func (o *observed) runHooks(t *testing.T) {
	answer := func(status int) answering {
		return func(int, []byte) (int, string) { return status, `{"told":"` + o.secrets["answer of a target"] + `"}` }
	}
	o.receiver.answer("/fine", answer(http.StatusOK))
	o.receiver.answer("/broken", answer(http.StatusInternalServerError))
	fine := o.target(t, "fine", o.receiver.url+"/fine", "restCall", true)
	o.set(t, fine, object{"headers": []object{{"name": "X-Api-Key", "value": o.secrets["value of a target's secret header"], "secret": true}}})
	broken := o.target(t, "broken", o.receiver.url+"/broken", "restCall", true)
	loose := o.target(t, "loose", o.receiver.url+"/broken", "restWebhook", false)
	closed := o.target(t, "closed", fmt.Sprintf("http://%s:%s@127.0.0.1:1/%s?q=%s", o.secrets["user of an endpoint"],
		o.secrets["password of an endpoint"], o.secrets["path of an endpoint"], o.secrets["query of an endpoint"]), "restWebhook", false)
	private := o.target(t, "private", "http://10.9.8.7/", "restWebhook", false)
	o.owner.setExecution(t, onRequest("method", placeOrder), fine, loose, closed, private)
	o.owner.setExecution(t, onRequest("method", listOrders), broken)
	o.owner.setExecution(t, object{"response": object{"all": true}}, fine)
	o.owner.setExecution(t, object{"function": object{"name": "preuserinfo"}}, fine)

	if _, err := o.sdk.Request(within(t), sdk.Hook{Method: placeOrder, Payload: o.payload(), Caller: caller}); err != nil {
		t.Error(err)
	}
	if _, err := o.sdk.Request(within(t), sdk.Hook{Method: listOrders, Payload: o.payload()}); err == nil {
		t.Error("a broken target does not interrupt")
	}
	if _, err := o.sdk.Response(within(t), sdk.Hook{Method: placeOrder, Payload: o.payload(), Request: o.payload()}); err != nil {
		t.Error(err)
	}
	if _, err := o.sdk.Function(within(t), sdk.Hook{Method: "preuserinfo", Payload: o.payload()}); err != nil {
		t.Error(err)
	}
	if _, err := o.sdk.Request(within(t), sdk.Hook{Method: ping, Payload: o.payload()}); err != nil { // nobody listens
		t.Error(err)
	}
}

// runEvents publishes one that is delivered, and one that never is.
func (o *observed) runEvents(t *testing.T) {
	fine := o.target(t, "fine event", o.receiver.url+"/fine", "restWebhook", false)
	dead := o.target(t, "dead event", o.receiver.url+"/broken", "restWebhook", false)
	o.set(t, dead, object{"retry": object{"maxAttempts": 3, "schedule": []string{"0.050s", "0.050s"}}})
	o.owner.setExecution(t, object{"event": object{"event": "order.placed"}}, fine)
	o.owner.setExecution(t, object{"event": object{"event": "order.lost"}}, dead)
	for event, state := range map[string]string{"order.placed": "DELIVERY_STATE_SUCCEEDED", "order.lost": "DELIVERY_STATE_EXHAUSTED"} {
		id, err := o.sdk.Publish(within(t), sdk.Event{Type: event, Payload: o.payload(), Organization: caller.Organization})
		if err != nil {
			t.Fatal(err)
		}
		await(t, event+" comes to its end", func() bool {
			answer := o.owner.want(t, http.StatusOK, http.MethodGet, v1Path+"/runs?eventId="+id, nil)
			return at(answer, "runs", 0, "deliveries", 0, "state") == state
		})
	}
}

// runScripts runs one that does what it should, and one that throws its secret.
func (o *observed) runScripts(t *testing.T) {
	for name, source := range map[string]string{
		"works":  `function works(ctx, api) { api.v1.claims.setClaim("tier", "gold"); }`,
		"calls":  `async function calls() { try { await fetch("http://10.9.8.7/"); } catch (e) {} }`,
		"throws": `function throws() { throw new Error(require("actionplane/secrets").get("KEY")); }`,
	} {
		created := o.owner.want(t, http.StatusOK, http.MethodPost, actionsPath, object{"name": name, "script": source, "timeout": "5s", "allowedToFail": true})
		id, _ := created["id"].(string)
		o.owner.want(t, http.StatusOK, http.MethodPut, v1Path+"/actions/"+id+"/secrets/KEY", object{"value": o.secrets["secret of a script"]})
		o.owner.want(t, http.StatusOK, http.MethodPost, "/management/v1/flows/2/trigger/5", object{"actionIds": []string{id}})
		await(t, name+" is run", func() bool {
			status, answer := o.owner.do(t, http.MethodPost, accessToken, object{"context": object{"v1": object{"claims": object{"sub": o.secrets["payload"]}}}})
			return status == http.StatusOK && at(answer, "actions", 0, "actionName") == name
		})
	}
}

// runApprovals has one change approved and one denied, of which one holds a
// secret.
func (o *observed) runApprovals(t *testing.T) {
	o.second = o.owner.as(o.human(t, "IAM_OWNER"))
	o.secrets["token of another"] = o.second.token
	made := o.owner.want(t, http.StatusOK, http.MethodPost, actionsPath, object{"name": "gated", "script": "function gated() {}"})
	id, _ := made["id"].(string)
	o.settings(t, object{"approvalEnabled": true})
	for _, verdict := range []string{"approve", "deny"} {
		waits := o.owner.want(t, http.StatusAccepted, http.MethodPut, v1Path+"/actions/"+id+"/secrets/"+strings.ToUpper(verdict),
			object{"value": o.secrets["secret of a gated change"]})
		request, _ := at(waits, "actionRequest", "id").(string)
		o.second.want(t, http.StatusOK, http.MethodPost, o.requests()+"/"+request+"/"+verdict, object{"note": "seen"})
		if verdict == "approve" {
			await(t, "the execution", func() bool {
				answer := o.owner.want(t, http.StatusOK, http.MethodGet, o.requests()+"/"+request, nil)
				return at(answer, "actionRequest", "execution", "state") == "executed"
			})
		}
	}
}

// comeInVain knocks without a token, with one that is nobody's, and asks for what
// is not there.
func (o *observed) comeInVain(t *testing.T) {
	for _, token := range []string{"", o.secrets["token that is nobody's"]} {
		o.owner.as(token).want(t, http.StatusUnauthorized, http.MethodPost, targetsPath+"/_search", []object{})
	}
	o.owner.want(t, http.StatusNotFound, http.MethodGet, targetsPath+"/4711", nil)
}

// strangers is how many tenants the flood has, and how many conditions.
const strangers = 10_000

// flood publishes an event of each of many types in each of many tenants, and
// runs a hook of each of some.
func (o *observed) flood(t *testing.T) {
	nc := o.connectNATS(t)
	for i := range strangers {
		m := nats.NewMsg(fmt.Sprintf("actionplane.events.v1.stranger%d.type%d.happened", i, i))
		m.Header.Set("Content-Type", "application/json")
		m.Data = []byte(fmt.Sprintf(`{"id":"%d","payload":{}}`, i))
		if err := nc.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := nc.FlushWithContext(within(t)); err != nil {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	for part := range 20 {
		calls.Go(func() {
			for i := range 25 {
				m := nats.NewMsg(fmt.Sprintf("actionplane.executions.v1.rpc.run_request_hook.stranger%d", 100*part+i))
				m.Header.Set("Content-Type", "application/json")
				m.Data = []byte(fmt.Sprintf(`{"method":"/stranger.v1.S%d/M","payload":{}}`, 100*part+i))
				if _, err := nc.RequestMsgWithContext(within(t), m); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	calls.Wait()
}

func (o *observed) scrape(t *testing.T) string {
	t.Helper()
	req, err := http.NewRequestWithContext(within(t), http.MethodGet, o.urls[0]+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	var text string
	await(t, "the flood is over", func() bool {
		resp, err := plainHTTP.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		all, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(all)
		return largest(text, "actionplane_resolve_total", `kind="event"`, `result="none"`) >= strangers
	})
	return text
}

// lines looks for a wide line of everything that came to an end.
func (o *observed) lines(t *testing.T) {
	var all []object
	for line := range strings.Lines(o.errors.String()) {
		var one object
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, one)
	}
	for _, want := range []struct {
		message string
		with    object
		keys    []string
	}{
		{"edge.call", object{"code": 0.0}, []string{"method", "protocol", "tenant", "organization", "person", "took"}},
		{"edge.call", object{"code": 16.0, "error_class": "Unauthenticated"}, []string{"method", "permission", "error"}},
		{"run.finished", object{"kind": "request", "outcome": "succeeded", "passed_over": 3.0}, []string{"tenant", "run_id", "condition", "trigger", "took", "targets", "overhead", "target_id", "error"}},
		{"run.finished", object{"kind": "request", "outcome": "interrupted", "error_class": "FailedPrecondition"}, []string{"status"}},
		{"run.finished", object{"kind": "event", "trigger": "order.placed", "outcome": "succeeded"}, []string{"event_id", "attempts", "age"}},
		{"delivery.attempted", object{"outcome": "succeeded", "state": "succeeded", "target": "fine event", "organization": caller.Organization}, []string{"run_id", "delivery_id", "condition", "queue", "took", "sent", "received"}},
		{"delivery.attempted", object{"outcome": "retryable", "state": "backing_off", "status": 500.0}, []string{"next", "error_class", "attempt"}},
		{"delivery.attempted", object{"level": "WARN", "state": "exhausted", "reason": "out_of_attempts"}, nil},
		{"script.invoked", object{"outcome": "succeeded", "action": "works"}, []string{"invocation_id", "took", "cpu", "queue", "memory", "version"}},
		{"script.invoked", object{"outcome": "failed", "action": "throws", "error_class": "thrown"}, []string{"error"}},
		{"approvals.decided", object{"transition": "approved"}, []string{"request_id", "actor", "submitted_by", "action_type"}},
		{"approvals.decided", object{"transition": "denied"}, nil},
		{"approvals.decided", object{"transition": "executed"}, nil},
	} {
		found := false
		for _, line := range all {
			found = found || line["msg"] == want.message && has(line, want.with, append(want.keys, "trace_id", "span_id", "service"))
		}
		if !found {
			t.Errorf("no line %s with %v and %v", want.message, want.with, want.keys)
			for _, line := range all {
				if line["msg"] == want.message {
					t.Logf("%v", line)
				}
			}
		}
	}
}

func has(line, with object, keys []string) bool {
	for key, value := range with {
		if line[key] != value {
			return false
		}
	}
	for _, key := range keys {
		if _, ok := line[key]; !ok {
			return false
		}
	}
	return true
}

// noSecrets looks through everything that was told.
func (o *observed) noSecrets(t *testing.T, metrics string) {
	spans := o.collector.Spans()
	if len(spans) < 100 || len(o.errors.String()) < 10_000 {
		t.Fatalf("there are only %d spans and %d bytes of lines", len(spans), len(o.errors.String()))
	}
	var traced strings.Builder
	for _, span := range spans {
		fmt.Fprintf(&traced, "%+v\n", span)
	}
	for what, secret := range o.secrets {
		if secret == "" {
			t.Errorf("%s is not known", what)
			continue
		}
		for where, text := range map[string]string{"lines": o.errors.String(), "metrics": metrics, "spans": traced.String()} {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%s is in the %s: …%s…", what, where, text[max(0, at-500):min(len(text), at+100)])
			}
		}
	}
}
