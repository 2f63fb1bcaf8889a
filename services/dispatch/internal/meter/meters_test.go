package meter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/dispatch/internal/attempt"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/gate"
	"github.com/actionplane/actionplane/services/dispatch/internal/meter"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/sender"
)

// house is meters with what they write.
type house struct {
	*meter.Meters
	telemetry *telemetry.Telemetry
	lines     bytes.Buffer
}

func newHouse(t testing.TB, config telemetry.Config) *house {
	t.Helper()
	h := new(house)
	config.LogOutput = &h.lines
	tel, err := telemetry.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	h.telemetry = tel
	if h.Meters, err = meter.New(tel, tel.Logger("dispatch")); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) scrape(t testing.TB) string {
	t.Helper()
	r := httptest.NewRecorder()
	h.telemetry.MetricsHandler().ServeHTTP(r, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	return r.Body.String()
}

// read returns the lines that were written since the last time.
func (h *house) read(t *testing.T) (lines []map[string]any) {
	t.Helper()
	for line := range strings.Lines(h.lines.String()) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, one)
	}
	h.lines.Reset()
	return lines
}

func want(t *testing.T, scraped, metric, value string, labels ...string) {
	t.Helper()
	var near []string
	for line := range strings.Lines(scraped) {
		if !strings.HasPrefix(line, metric+"{") {
			continue
		}
		near = append(near, line)
		ok := strings.HasSuffix(line, "} "+value+"\n")
		for _, l := range labels {
			ok = ok && strings.Contains(line, l)
		}
		if ok {
			return
		}
	}
	t.Errorf("no %s %v with %s among\n%s", metric, labels, value, near)
}

var made = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// sending is a delivery whose attempt is under way.
func sending(tenantID, target string) run.Delivery {
	id := run.ID(ident.Of(made, 7))
	return run.Delivery{
		ID: 9, Run: id, Tenant: tenantID, Position: 2, Condition: "event/user.human.*", Body: []byte(`{"secret":"hunter2"}`),
		Step:     run.Step{TargetID: target, TargetName: "crm", Endpoint: "https://crm.example/path?hunter2"},
		Delivery: delivery.Delivery{State: delivery.Sending, Attempt: 1, Changed: made.Add(time.Second)},
	}
}

// attempted is an attempt of it that came to an outcome.
func attempted(d run.Delivery, outcome delivery.Outcome, event delivery.Event, status int, err error) meter.Attempt {
	a := meter.Attempt{Delivery: d, Took: 30 * time.Millisecond, Result: attempt.Result{Transport: delivery.Answered, Received: 12, Status: status, Err: err}}
	a.Report = run.Report{Run: d.Run, Delivery: d.ID, Event: event, Attempt: run.Attempt{
		Number: d.Attempt, StartedAt: made.Add(time.Second), Duration: 20 * time.Millisecond, Outcome: outcome, Status: status,
	}}
	if err != nil {
		a.Report.Attempt.Error = err.Error()
	}
	return a
}

func TestAttempted(t *testing.T) {
	t.Parallel()
	h := newHouse(t, telemetry.Config{MetricLabels: 10, LogSuccesses: 1})
	ctx := tenant.With(t.Context(), tenant.Identity{Tenant: "t1", Organization: "o1"})
	end, d := made.Add(2*time.Second), sending("t1", "7")
	refused := fault.FailedPrecondition("target \"crm\" answered with status 500")
	h.Attempted(ctx, attempted(d, delivery.OutcomeRetryable, delivery.BackOff(end, end.Add(time.Minute)), 500, refused))
	h.Attempted(ctx, attempted(d, delivery.OutcomeFailed, delivery.Exhaust(end), 500, refused))
	for range 3 {
		h.Attempted(ctx, attempted(d, delivery.OutcomeSucceeded, delivery.Succeed(end), 204, nil))
	}
	h.Attempted(ctx, meter.Attempt{Delivery: d, Report: run.Report{Event: delivery.Abandon(end)}, Err: fault.Unavailable("no key")})

	scraped := h.scrape(t)
	for outcome, n := range map[string]string{"succeeded": "3", "retryable": "1", "failed": "1"} {
		want(t, scraped, "actionplane_delivery_attempts_total", n, `tenant="t1"`, `target="7"`, `outcome="`+outcome+`"`)
		want(t, scraped, "actionplane_step_duration_seconds_count", n, `kind="http"`, `outcome="`+outcome+`"`)
	}
	lines := h.read(t)
	if len(lines) != 4 {
		t.Fatalf("%d lines, want one of each failure, one success of three, and one of the attempt that was not made", len(lines))
	}
	first := lines[0]
	for key, value := range map[string]any{
		"level": "INFO", "msg": "delivery.attempted", "tenant": "t1", "organization": "o1", "run_id": d.Run.String(), "delivery_id": "9",
		"condition": "event/user.human.*", "position": 2.0, "target_id": "7", "target": "crm", "kind": "http", "attempt": 1.0,
		"outcome": "retryable", "event": "back_off", "state": "backing_off", "status": 500.0, "took": 2e7, "queue": 1e7, "age": 2e9,
		"sent": 20.0, "received": 12.0, "next": "2026-11-21T12:01:02Z", "error_class": "answered", "error": refused.Error(),
	} {
		if first[key] != value {
			t.Errorf("%s is %v, want %v", key, first[key], value)
		}
	}
	if lines[1]["level"] != "WARN" || lines[1]["reason"] != "out_of_attempts" {
		t.Errorf("of the last attempt: %v", lines[1])
	}
	if lines[3]["error_class"] != "Unavailable" || lines[3]["outcome"] != "" {
		t.Errorf("of the attempt that was not made: %v", lines[3])
	}
	if text := fmt.Sprint(lines) + scraped; strings.Contains(text, "hunter2") || strings.Contains(text, "crm.example") {
		t.Error("payload or endpoint are told")
	}
}

func TestWrote(t *testing.T) {
	t.Parallel()
	h := newHouse(t, telemetry.Config{MetricLabels: 10})
	var written []run.Delivery
	for _, state := range delivery.States() {
		d := sending("t1", "7")
		d.State = state
		written = append(written, d)
	}
	h.Wrote(written)
	scraped := h.scrape(t)
	for _, state := range []string{"succeeded", "failed", "exhausted", "canceled"} {
		want(t, scraped, "actionplane_deliveries_total", "1", `tenant="t1"`, `target="7"`, `state="`+state+`"`)
	}
	want(t, scraped, "actionplane_retry_scheduled_total", "1", `target="7"`)
	want(t, scraped, "actionplane_delivery_age_seconds_sum", "1", `tenant="t1"`)
}

func TestHookRan(t *testing.T) {
	t.Parallel()
	h := newHouse(t, telemetry.Config{MetricLabels: 10, LogSuccesses: 10})
	steps := []run.Step{{TargetID: "1", Endpoint: "http://a"}, {TargetID: "2", Endpoint: "action://5"}, {TargetID: "3", Endpoint: "nats://x"}}
	ran := func(outcomes ...run.Outcome) run.Run {
		r := run.Run{ID: 1 << 22, Tenant: "t1", Condition: "request/a.B", TriggerKind: run.TriggerRequest, TriggerName: "/a.B/C", Duration: 100 * time.Millisecond}
		for i, o := range outcomes {
			result := run.StepResult{Position: i + 1, TargetID: steps[i].TargetID, Outcome: o, Duration: 30 * time.Millisecond, Target: 20 * time.Millisecond}
			if o == run.PassedOver || o == run.Interrupted {
				result.Error, result.Status = "no", 503
			}
			r.Steps = append(r.Steps, result)
		}
		return r
	}
	h.HookRan(t.Context(), meter.Hook{Run: ran(run.Succeeded, run.PassedOver, run.Queued), Steps: steps, Sent: 5, Received: 7})
	h.HookRan(t.Context(), meter.Hook{Run: ran(run.Interrupted), Steps: steps, Err: fault.FailedPrecondition("no")})
	h.HookRan(t.Context(), meter.Hook{Run: ran(run.Interrupted), Steps: steps, Err: fault.Unavailable("left alone").Because(&gate.Refusal{Why: gate.CircuitOpen})})
	h.HookRan(t.Context(), meter.Hook{Run: ran(run.Interrupted), Steps: steps, Err: fault.Unavailable("targets is away")})
	h.HookRan(t.Context(), meter.Hook{Run: run.Run{TriggerKind: run.TriggerFunction}})

	scraped := h.scrape(t)
	for outcome, n := range map[string]string{"succeeded": "1", "interrupted": "2", "failed": "1"} {
		want(t, scraped, "actionplane_chain_duration_seconds_count", n, `kind="request"`, `outcome="`+outcome+`"`)
	}
	want(t, scraped, "actionplane_chain_overhead_seconds_sum", "0.28", `kind="request"`) // 40 + 80 + 80 + 80 ms
	want(t, scraped, "actionplane_fail_open_total", "1", `target="2"`)
	want(t, scraped, "actionplane_fail_open_total", "0", `target="1"`)
	want(t, scraped, "actionplane_step_duration_seconds_count", "1", `target="2"`, `kind="action"`, `outcome="passed_over"`)
	if strings.Contains(scraped, `kind="nats"`) {
		t.Error("a step that was only queued is measured")
	}
	lines := h.read(t)
	if len(lines) != 5 || lines[0]["passed_over"] != 1.0 || lines[0]["queued"] != 1.0 || lines[0]["target_id"] != "2" || lines[0]["status"] != 503.0 ||
		lines[0]["outcome"] != "succeeded" || lines[1]["error_class"] != "FailedPrecondition" || lines[4]["kind"] != "function" {
		t.Errorf("wrote %v", lines)
	}
}

func TestEventRan(t *testing.T) {
	t.Parallel()
	h := newHouse(t, telemetry.Config{LogSuccesses: 10})
	ago := time.Now().Add(-time.Second)
	tried := func(state delivery.State, from, took time.Duration) run.Delivery {
		return run.Delivery{
			Delivery: delivery.Delivery{State: state},
			Attempts: []run.Attempt{{StartedAt: ago.Add(from), Duration: took}},
		}
	}
	event := func(deliveries ...run.Delivery) *run.Run {
		return &run.Run{ID: 1 << 22, Tenant: "t1", TriggerKind: run.TriggerEvent, EventID: "e1", CreatedAt: ago, Deliveries: deliveries}
	}
	const ms = time.Millisecond
	h.EventRan(t.Context(), event(tried(delivery.Succeeded, 0, 900*ms)))
	h.EventRan(t.Context(), event(tried(delivery.Succeeded, 100*ms, 300*ms), tried(delivery.BackingOff, 200*ms, 300*ms), tried(delivery.Held, 900*ms, 50*ms)))
	h.EventRan(t.Context(), event(tried(delivery.Failed, 0, ms), tried(delivery.Held, 0, 0)))
	scraped := h.scrape(t)
	for _, outcome := range []string{"succeeded", "pending", "failed"} {
		want(t, scraped, "actionplane_chain_duration_seconds_count", "1", `kind="event"`, `outcome="`+outcome+`"`)
	}
	lines := h.read(t)
	if len(lines) != 3 || lines[1]["targets"] != 450e6 || lines[1]["left"] != 2.0 || lines[1]["event_id"] != "e1" || lines[1]["attempts"] != 3.0 {
		t.Errorf("wrote %v", lines)
	}
}

func TestPosted(t *testing.T) {
	t.Parallel()
	h := newHouse(t, telemetry.Config{})
	for status := range 1000 {
		h.Posted(t.Context(), &sender.Response{Status: status}, nil)
	}
	denied := &egress.Denial{Host: "h", Addr: netip.MustParseAddr("10.0.0.1"), Rule: egress.Rule{Name: "private"}}
	h.Posted(t.Context(), &sender.Response{}, &sender.Failure{Kind: sender.KindDenied, Err: denied})
	h.Posted(t.Context(), &sender.Response{Status: 200}, &sender.Failure{Kind: sender.KindReset, Err: errors.New("reset")})
	scraped := h.scrape(t)
	want(t, scraped, "http_client_request_duration_seconds_count", "1", `http_request_method="POST"`, `http_response_status_code="204"`)
	want(t, scraped, "http_client_request_duration_seconds_count", "1", `http_response_status_code="503"`, `error_type="503"`)
	want(t, scraped, "http_client_request_duration_seconds_count", "400", `http_response_status_code="600"`)
	want(t, scraped, "http_client_request_duration_seconds_count", "1", `error_type="denied"`)
	want(t, scraped, "http_client_request_duration_seconds_count", "1", `http_response_status_code="200"`, `error_type="reset"`)
	want(t, scraped, "actionplane_egress_blocked_total", "1", `rule="private"`)
	want(t, scraped, "actionplane_egress_blocked_total", "0", `rule="loopback"`)
}

// Ten labels, and ten thousand targets: without a bound there would be 110,000
// series of these metrics.
func TestAFloodOfTargetsMakesFewSeries(t *testing.T) {
	t.Parallel()
	h := newHouse(t, telemetry.Config{MetricLabels: 10, LogOutput: nil})
	end := made.Add(2 * time.Second)
	for i := range 10_000 {
		d := sending(fmt.Sprintf("tenant%d", i%5000), fmt.Sprintf("target%d", i))
		d.Condition = fmt.Sprintf("event/type%d", i)
		h.Attempted(t.Context(), attempted(d, delivery.OutcomeSucceeded, delivery.Succeed(end), 200, nil))
		d.State = delivery.Succeeded
		h.Wrote([]run.Delivery{d})
		h.HookRan(t.Context(), meter.Hook{
			Run:   run.Run{Tenant: d.Tenant, TriggerKind: run.TriggerRequest, Condition: d.Condition, Steps: []run.StepResult{{TargetID: d.TargetID, Outcome: run.PassedOver}}},
			Steps: []run.Step{d.Step},
		})
	}
	scraped := h.scrape(t)
	// 21 pairs of labels: 10 targets, 10 tenants, the rest.
	for metric, most := range map[string]int{
		"actionplane_delivery_attempts_total": 3 * 21, "actionplane_deliveries_total": 4 * 21, "actionplane_retry_scheduled_total": 21,
		"actionplane_fail_open_total": 21, "actionplane_step_duration_seconds_count": 2 * 21, "actionplane_delivery_age_seconds_count": 11,
	} {
		if n := strings.Count(scraped, "\n"+metric+"{"); n == 0 || n > most {
			t.Errorf("%d series of %s, want at most %d", n, metric, most)
		}
	}
	want(t, scraped, "actionplane_delivery_attempts_total", "9970", `tenant="other"`, `target="other"`, `outcome="succeeded"`)
}

// event is what the hot path measures of one event with one target.
func (h *house) event(ctx context.Context, d run.Delivery, a meter.Attempt, response *sender.Response, r *run.Run) {
	h.Posted(ctx, response, nil)
	h.Attempted(ctx, a)
	h.Wrote(r.Deliveries)
	h.EventRan(ctx, r)
}

func hotPath() (run.Delivery, meter.Attempt, *sender.Response, *run.Run) {
	end, d := made.Add(2*time.Second), sending("t1", "7")
	a := attempted(d, delivery.OutcomeSucceeded, delivery.Succeed(end), 200, nil)
	d.State, d.Attempts = delivery.Succeeded, []run.Attempt{a.Report.Attempt}
	r := &run.Run{ID: d.Run, Tenant: "t1", TriggerKind: run.TriggerEvent, EventID: "e1", CreatedAt: made, Deliveries: []run.Delivery{d}}
	return d, a, &sender.Response{Status: 204, Duration: time.Millisecond}, r
}

func TestTheHotPathAllocatesNothing(t *testing.T) { //nolint:paralleltest // counts allocations
	h := newHouse(t, telemetry.Config{MetricLabels: 10})
	d, a, response, r := hotPath()
	if n := testing.AllocsPerRun(100, func() { h.event(context.Background(), d, a, response, r) }); n > 0 {
		t.Errorf("%v allocations for an event", n)
	}
}

func BenchmarkEvent(b *testing.B) {
	for name, config := range map[string]telemetry.Config{
		"lines=none": {MetricLabels: 10, LogLevel: slog.LevelInfo}, "lines=100": {MetricLabels: 10, LogSuccesses: 100}, "lines=all": {MetricLabels: 10, LogSuccesses: 1 << 30},
	} {
		b.Run(name, func(b *testing.B) {
			h := newHouse(b, config)
			d, a, response, r := hotPath()
			b.ReportAllocs()
			for b.Loop() {
				h.event(context.Background(), d, a, response, r)
				h.lines.Reset()
			}
		})
	}
}
