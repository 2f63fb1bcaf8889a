package hook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/attempt"
	"github.com/actionplane/actionplane/services/dispatch/internal/envelope"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// answer is what a target does in a test.
type answer struct {
	kind    string // "nothing", "replace", "text", "veto", "500", "ours"
	content string
}

// world plays the targets, and notes what they are sent.
type world struct {
	answers []answer
	sent    []string
	queued  []string
	full    bool // the queue refuses
}

func (w *world) Attempt(_ context.Context, req attempt.Request) (attempt.Result, error) {
	w.sent = append(w.sent, string(req.Body))
	switch a := w.answers[req.Position-1]; a.kind {
	case "replace":
		return attempt.Result{Status: 200, Answer: []byte(a.content)}, nil
	case "text":
		return attempt.Result{Status: 200, Answer: []byte("hello")}, nil
	case "veto":
		return attempt.Result{Status: 200, Answer: []byte(`{"forwardedStatusCode":403}`)}, nil
	case "500":
		return attempt.Result{Status: 500, Err: envelope.StatusFault("the target", 500)}, nil
	case "ours":
		return attempt.Result{}, fault.Unavailable("keys")
	}
	return attempt.Result{Status: 200}, nil
}

func (w *world) Enqueue(_ context.Context, _ run.ID, _ string, _ int, _ run.Step, body []byte) error {
	if w.full {
		return errors.New("no database")
	}
	w.queued = append(w.queued, string(body))
	return nil
}

// model is the slow and obvious way to run a chain on a request. It returns
// what each step is sent, which outcome it has, and what is left of the
// message.
func model(message string, steps []run.Step, answers []answer, full bool) (bodies []string, outcomes []run.Outcome, left string, refused bool) {
	for i, step := range steps {
		body := `{"fullMethod":"/a.B/C","request":` + message + `}`
		if step.Kind == run.Async {
			if full {
				outcomes = append(outcomes, run.PassedOver)
			} else {
				bodies, outcomes = append(bodies, body), append(outcomes, run.Queued)
			}
			continue
		}
		bodies = append(bodies, body)
		a := answers[i]
		bad := a.kind == "500" || a.kind == "ours" || a.kind == "veto" || a.kind == "text" && step.Kind == run.Call
		switch {
		case bad && step.Interrupts:
			return bodies, append(outcomes, run.Interrupted), message, true
		case bad:
			outcomes = append(outcomes, run.PassedOver)
		default:
			outcomes = append(outcomes, run.Succeeded)
			if step.Kind == run.Call && a.kind == "replace" {
				message = strings.TrimSuffix(message, "}") + "," + strings.TrimPrefix(a.content, "{")
			}
		}
	}
	return bodies, outcomes, message, false
}

func TestRun_DoesAsTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := &world{full: rapid.Bool().Draw(t, "full")}
		var steps []run.Step
		for i := range rapid.IntRange(0, 8).Draw(t, "steps") {
			steps = append(steps, run.Step{
				Kind:       rapid.SampledFrom([]run.Kind{run.Webhook, run.Call, run.Async}).Draw(t, "kind"),
				Interrupts: rapid.Bool().Draw(t, "interrupts"), Timeout: time.Second,
			})
			w.answers = append(w.answers, answer{
				kind:    rapid.SampledFrom([]string{"nothing", "replace", "text", "veto", "500", "ours"}).Draw(t, "answer"),
				content: fmt.Sprintf(`{"by%d":1}`, i),
			})
		}
		message := Request{envelope.Call{FullMethod: "/a.B/C", Request: []byte(`{"n":0}`)}}
		out := NewRunner(w, w, 1<<20).Run(t.Context(), Hook{Message: message, Steps: steps, Explain: true})
		bodies, outcomes, left, refused := model(`{"n":0}`, steps, w.answers, w.full)
		var got []run.Outcome
		for _, s := range out.Steps {
			got = append(got, s.Outcome)
			if s.Changed == bytes.Equal(s.Before, s.After) {
				t.Errorf("changed is %v from %s to %s", s.Changed, s.Before, s.After)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(outcomes) || string(out.Payload) != left || (out.Err != nil) != refused {
			t.Fatalf("got %v, %s, %v; want %v, %s, %v", got, out.Payload, out.Err, outcomes, left, refused)
		}
		if all := interleaved(steps, w); strings.Join(all, "\n") != strings.Join(bodies, "\n") {
			t.Fatalf("sent %q, want %q", all, bodies)
		}
	})
}

// interleaved returns what was sent and queued, in the order of the steps.
func interleaved(steps []run.Step, w *world) []string {
	var all []string
	sent, queued := w.sent, w.queued
	for _, step := range steps {
		from := &sent
		if step.Kind == run.Async {
			from = &queued
		}
		if len(*from) > 0 {
			all, *from = append(all, (*from)[0]), (*from)[1:]
		}
	}
	return all
}

func TestRun(t *testing.T) {
	t.Parallel()
	message := Request{envelope.Call{FullMethod: "/a.B/C", Request: []byte(`{}`)}}

	t.Run("DoesNotCallWhenNoTimeIsLeft", func(t *testing.T) {
		t.Parallel()
		w := &world{answers: []answer{{kind: "nothing"}}}
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		out := NewRunner(w, w, 1).Run(ctx, Hook{Message: message, Steps: []run.Step{{Kind: run.Webhook, Interrupts: true, Timeout: time.Second}}})
		if fault.CodeOf(out.Err) != fault.CodeDeadline || len(w.sent) != 0 {
			t.Fatalf("got %v, %v", out.Err, w.sent)
		}
	})
	t.Run("RefusesAnswersThatTheBusCannotCarry", func(t *testing.T) {
		t.Parallel()
		for before, limit := range map[string]int64{`{}`: 6, `{"m":1}`: 12} { // the answer alone, and with what it leaves
			message := Request{envelope.Call{FullMethod: "/a.B/C", Request: []byte(before)}}
			w := &world{answers: []answer{{kind: "replace", content: `{"a":1}`}}}
			out := NewRunner(w, w, limit).Run(t.Context(), Hook{Message: message, Steps: []run.Step{{Kind: run.Call, Interrupts: true, Timeout: time.Second}}})
			if fault.CodeOf(out.Err) != fault.CodeExhausted || string(out.Payload) != before {
				t.Errorf("got %v", out)
			}
		}
	})
	t.Run("TellsWhatAStepChanged", func(t *testing.T) {
		t.Parallel()
		w := &world{answers: []answer{{kind: "replace", content: `{"a":1}`}, {kind: "nothing"}, {kind: "replace", content: `{}`}}}
		steps := []run.Step{{Kind: run.Call, Timeout: time.Second}, {Kind: run.Call, Timeout: time.Second}, {Kind: run.Call, Timeout: time.Second}}
		out := NewRunner(w, w, 1<<20).Run(t.Context(), Hook{Message: message, Steps: steps})
		for i, want := range []string{`[{"op":"add","path":"/a","value":1}]`, "", ""} {
			if s := out.Steps[i]; string(s.Patch.Patch()) != want || s.Changed != (want != "") {
				t.Errorf("step %d: changed %v by %s", i+1, s.Changed, s.Patch.Patch())
			}
		}
	})
}

func TestShares(t *testing.T) {
	t.Parallel()
	call, interrupting, async := run.Step{Kind: run.Call}, run.Step{Kind: run.Call, Interrupts: true}, run.Step{Kind: run.Async}
	for _, c := range []struct {
		name  string
		steps []run.Step
		want  bool
	}{
		{"WithOneBehindIt", []run.Step{call, interrupting}, true},
		{"NotTheLast", []run.Step{call}, false},
		{"NotWithNobodyWhoWaits", []run.Step{call, async}, false},
		{"NotOneThatInterrupts", []run.Step{interrupting, call}, false},
	} {
		if got := shares(c.steps); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestAllowance(t *testing.T) {
	t.Parallel()
	in := func(d time.Duration) context.Context {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(d))
		t.Cleanup(cancel)
		return ctx
	}
	for _, c := range []struct {
		name     string
		ctx      context.Context
		timeout  time.Duration
		min, max time.Duration
	}{
		{"TheTargetsOwn", in(time.Hour), time.Second, time.Second, time.Second},
		{"WhatIsLeftLessAReserve", in(time.Hour), 2 * time.Hour, time.Hour - time.Minute, time.Hour - maxReserve},
		{"ATenthOfLittle", in(200 * time.Millisecond), time.Hour, 1, 180 * time.Millisecond},
		{"HalfWhereItShares", in(time.Hour), 2 * time.Hour, 29 * time.Minute, 30 * time.Minute},
		{"NoDeadline", context.Background(), time.Second, time.Second, time.Second},
	} {
		if got, ok := allowance(c.ctx, c.timeout, strings.HasPrefix(c.name, "Half")); !ok || got < c.min || got > c.max {
			t.Errorf("%s: %v, %v", c.name, got, ok)
		}
	}
	if _, ok := allowance(in(-time.Second), time.Second, false); ok {
		t.Error("time that is over was allowed")
	}
}
