package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sdk/sdkotel"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/telemetry/telemetrytest"
)

// asking is an action that asks somebody before it answers.
const asking = `let http = require("zitadel/http");
function ask(ctx, api) {
  http.fetch(%q, {method: "POST", body: {}});
  return ctx.request;
}`

const tracedMethod = "/story.trace.Traces/Place"

// traces is the chapter in which an OTLP collector gets one connected trace for
// a hook, one for an event that is tried twice, and one for a change of
// configuration, over all services as separate processes.
func (s *storyteller) traces(t *testing.T) {
	if s.collector == nil {
		t.Skip("this shape has no collector")
	}
	inject, restart, strip := s.tracedTargets(t)
	action := s.createAction(t, "ask", fmt.Sprintf(asking, s.receiver.url+"/asked"))
	script := s.api.createTarget(t, "ask", "action://"+action, "restCall", true)
	subject := s.api.createTarget(t, "traced-subject", "nats://"+strangersSubject, "restCall", true)
	s.api.setExecution(t, onRequest("method", tracedMethod), inject, restart, strip, script, subject)
	s.api.setExecution(t, object{"event": object{"event": "trace.made"}}, inject)

	shop := s.openShop(t)
	hook := shop.visit(t, "hook", s.traceHook(t))
	event := shop.visit(t, "event", s.traceEvent(t))
	change := shop.visit(t, "change", s.traceChange(t, strip))
	shop.close(t)

	s.hookIsOneTrace(t, hook)
	s.eventIsOneTrace(t, event)
	s.wantTrace(t, change,
		"gateway actionplane.v1.TargetService/UpdateTargetSettings", "access actionplane.access.v1.Access/Authenticate",
		"targets actionplane.v1.TargetService/UpdateTargetSettings", "targets send actionplane.changes.v1.{tenant}.{resource}",
		"dispatch process actionplane.changes.v1.{tenant}.{resource}", "executions process actionplane.changes.v1.{tenant}.{resource}",
		"targets send actionplane.approvals.v1.cmd.record_change.{tenant}", "approvals process actionplane.approvals.v1.cmd.record_change.{tenant}",
	)
}

// tracedTargets are told of the trace all of it, another one, and nothing.
func (s *storyteller) tracedTargets(t *testing.T) (inject, restart, strip target) {
	t.Helper()
	targets := map[string]target{}
	for _, name := range []string{"inject", "restart", "strip"} {
		targets[name] = s.api.createTarget(t, "traced-"+name, s.receiver.url+"/traced/"+name, "restWebhook", true)
		settings := object{"retry": object{"schedule": []string{"0.2s"}, "maxAttempts": 3}}
		if name != "strip" { // which is the default
			settings["traceContext"] = "TRACE_CONTEXT_" + strings.ToUpper(name)
		}
		s.api.want(t, http.StatusOK, http.MethodPut, v1Path+"/targets/"+targets[name].id+"/settings", object{"settings": settings})
	}
	return targets["inject"], targets["restart"], targets["strip"]
}

// shop is an internal service with traces and a collector of its own.
type shop struct {
	*telemetry.Telemetry
}

func (s *storyteller) openShop(t *testing.T) shop {
	t.Helper()
	running, err := telemetry.Start(t.Context(), telemetry.Config{Service: "shop", TracesEndpoint: s.collector.URL()})
	if err != nil {
		t.Fatal(err)
	}
	return shop{running}
}

// visit does something under a span, and returns the trace that it began.
func (s shop) visit(t *testing.T, name string, do func(context.Context, shop)) trace.TraceID {
	t.Helper()
	ctx, span := s.Tracer("shop").Start(within(t), name, trace.WithNewRoot())
	defer span.End()
	do(ctx, s)
	return span.SpanContext().TraceID()
}

func (s shop) close(t *testing.T) {
	t.Helper()
	if err := s.Shutdown(within(t)); err != nil {
		t.Error(err)
	}
}

// traceHook runs a hook by the SDK.
func (s *storyteller) traceHook(t *testing.T) func(context.Context, shop) {
	return func(ctx context.Context, shop shop) {
		client, err := sdk.Connect(ctx, sdkotel.Traced(sdk.Config{URL: s.natsURL, NoIndex: true}, sdkotel.WithTracerProvider(shop.TracerProvider())))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Close() }()
		result, err := client.Request(ctx, sdk.Hook{Method: tracedMethod, Payload: []byte(`{"item":"lamp"}`), Caller: caller})
		if err != nil || len(result.Steps) != 5 {
			t.Errorf("%d steps, %v", len(result.Steps), err)
		}
	}
}

// traceEvent publishes an event at the edge, and waits for its second attempt.
func (s *storyteller) traceEvent(t *testing.T) func(context.Context, shop) {
	return func(ctx context.Context, _ shop) {
		s.receiver.answer("/traced/inject", func(_ int, body []byte) (int, string) {
			if strings.Contains(string(body), "trace.made") && len(s.receiver.got("/traced/inject")) == 2 { // the hook's is the first
				return http.StatusServiceUnavailable, ""
			}
			return http.StatusOK, ""
		})
		status, answer, err := s.api.try(ctx, http.MethodPost, v1Path+"/events", object{"type": "trace.made", "payload": object{}})
		if err != nil || status != http.StatusAccepted {
			t.Fatalf("%d %v, %v", status, answer, err)
		}
		id, _ := answer["id"].(string)
		s.delivered(t, id)
	}
}

// traceChange changes the settings of a target, in the name of somebody whom no
// gateway knows yet.
func (s *storyteller) traceChange(t *testing.T, of target) func(context.Context, shop) {
	made := s.api.want(t, http.StatusCreated, http.MethodPost, v1Path+"/me/tokens", object{"name": "traced"})
	token, _ := made["secret"].(string)
	return func(ctx context.Context, _ shop) {
		status, answer, err := s.api.as(token).try(ctx, http.MethodPut, v1Path+"/targets/"+of.id+"/settings",
			object{"settings": object{"limits": object{"maxConcurrency": 7}}})
		if err != nil || status != http.StatusOK {
			t.Fatalf("%d %v, %v", status, answer, err)
		}
	}
}

// hookIsOneTrace checks the trace of a synchronous run: resolve, each step, each
// attempt, and what every target was told.
func (s *storyteller) hookIsOneTrace(t *testing.T, id trace.TraceID) {
	t.Helper()
	const run = "actionplane.dispatch.v1.Dispatch/RunHook"
	got := s.wantTrace(t, id,
		"shop actionplane.hooks.v1.Hooks/RunRequestHook", "executions actionplane.hooks.v1.Hooks/RunRequestHook",
		"executions resolve", "executions GET", "targets actionplane.targets.v1.Targets/GetTargetSnapshots",
		"executions "+run, "dispatch "+run, "dispatch step", "dispatch step", "dispatch step", "dispatch step", "dispatch step", "dispatch attempt", "dispatch POST", "dispatch request "+strangersSubject,
		"targets actionplane.targets.v1.Targets/GetSendingProfile", "dispatch actionplane.scripts.v1.Scripts/Invoke",
		"scripts actionplane.scripts.v1.Scripts/Invoke", "actions actionplane.actions.v1.Actions/GetProgram",
		"scripts invocation", "scripts script worker", "scripts POST",
	)
	queried := map[string]bool{}
	for _, span := range got {
		if span.Attributes["db.system.name"] == "postgresql" {
			queried[span.Service] = true
		}
	}
	if !queried["executions"] || !queried["targets"] || !queried["actions"] {
		t.Errorf("Postgres is asked by %v only", queried)
	}
	steps := got.Named("dispatch", "step")
	if len(steps) != 5 {
		t.Fatalf("%d steps", len(steps))
	}
	for i, step := range steps {
		below := got.Under(step)
		if step.Attributes["actionplane.step.position"] != fmt.Sprint(i+1) || step.Attributes["actionplane.step.outcome"] != "succeeded" ||
			len(below.Named("dispatch", "attempt")) != 1 {
			t.Errorf("step %d is %v, with\n%s", i+1, step.Attributes, below)
		}
	}
	post := func(step int) telemetrytest.Span { return got.Under(steps[step]).Named("dispatch", "POST")[0] }
	s.wantTold(t, "inject", 0, post(0).Place())
	if links := post(1).Links; len(links) != 1 || links[0].Trace == id {
		t.Errorf("the client's span of another trace links to %v", links)
	} else {
		s.wantTold(t, "restart", 0, links[0])
	}
	s.wantTold(t, "strip", 0, telemetrytest.Place{})
	if worker := got.Named("scripts", "script worker")[0]; worker.Attributes["process.pid"] == "" || got.Named("scripts", "POST")[0].Parent != worker.ID {
		t.Errorf("the script's call is not its worker's: %v", worker.Attributes)
	}
}

// eventIsOneTrace checks the trace of an event whose first attempt failed.
func (s *storyteller) eventIsOneTrace(t *testing.T, id trace.TraceID) {
	t.Helper()
	const events, resolve = "actionplane.events.v1.{tenant}.{type}", "actionplane.executions.v1.Executions/ResolveEvents"
	got := s.wantTrace(t, id,
		"gateway actionplane.v1.EventService/PublishEvent", "executions actionplane.v1.EventService/PublishEvent",
		"executions send "+events, "dispatch process "+events, "dispatch "+resolve, "executions "+resolve, "executions resolve",
		"dispatch delivery", "dispatch attempt", "dispatch POST", "dispatch commit",
		"dispatch delivery", "dispatch attempt", "dispatch POST", "dispatch commit", // again
	)
	deliveries := got.Named("dispatch", "delivery")
	if len(deliveries) != 2 {
		t.Fatalf("%d attempts", len(deliveries))
	}
	process := got.Named("dispatch", "process "+events)[0]
	for i, d := range deliveries {
		posts := got.Under(d).Named("dispatch", "POST")
		if d.Parent != process.ID || d.Attributes["actionplane.attempt.number"] != fmt.Sprint(i+1) || len(posts) != 1 {
			t.Fatalf("attempt %d is %v", i+1, d.Attributes)
		}
		s.wantTold(t, "inject", i+1, posts[0].Place()) // the hook was the first
	}
	first, second := got.Under(deliveries[0]).Named("", "POST")[0], got.Under(deliveries[1]).Named("", "POST")[0]
	if first.Attributes["http.response.status_code"] != "503" || second.Attributes["http.response.status_code"] != "200" ||
		second.Attributes["http.request.resend_count"] != "1" || !slices.Contains(deliveries[1].Links, process.Place()) {
		t.Errorf("got %v, then %v", first.Attributes, second.Attributes)
	}
	if send := got.Named("executions", "send "+events)[0]; process.Parent != send.ID || !slices.Contains(process.Links, send.Place()) {
		t.Errorf("%q does not lead to its creation", process.Name)
	}
	if len(got.Under(process).Named("executions", "resolve")) == 0 {
		t.Errorf("its chain is not resolved under it:\n%s", got)
	}
}

// wantTold checks what the n-th call of a target was told of its trace; of the
// zero place, nothing.
func (s *storyteller) wantTold(t *testing.T, name string, n int, at telemetrytest.Place) {
	t.Helper()
	calls := s.receiver.got("/traced/" + name)
	if n >= len(calls) {
		t.Errorf("%s was called %d times", name, len(calls))
		return
	}
	want := ""
	if at.Trace.IsValid() {
		want = "00-" + at.Trace.String() + "-" + at.Span.String() + "-01"
	}
	if got := calls[n].header.Get("Traceparent"); got != want || calls[n].header.Get("Tracestate") != "" {
		t.Errorf("%s was told %q, want %q", name, got, want)
	}
}

// wantTrace waits until the collector has the spans, "service name" each and as
// many as they are named, of one trace that is connected.
func (s *storyteller) wantTrace(t *testing.T, id trace.TraceID, want ...string) (got telemetrytest.Trace) {
	t.Helper()
	var missing []string
	defer func() {
		if t.Failed() {
			t.Logf("without %q:\n%s", missing, got)
		}
	}()
	await(t, "one connected trace", func() bool {
		got = s.collector.Trace(id)
		missing = nil
		times := map[string]int{}
		for _, w := range want {
			service, name, _ := strings.Cut(w, " ")
			if times[w]++; len(got.Named(service, name)) < times[w] {
				missing = append(missing, w)
			}
		}
		return len(missing) == 0 && len(got.Roots()) == 1 && got.Roots()[0].Service == "shop"
	})
	return got
}
