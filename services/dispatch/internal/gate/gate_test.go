package gate_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/attempt"
	"github.com/actionplane/actionplane/services/dispatch/internal/circuit"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/gate"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

var (
	now    = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	one    = gate.Target{Tenant: "t", ID: "1"}
	limits = gate.Limits{Concurrency: 2, Circuit: circuit.Policy{Failures: 2, Pause: time.Second, MaxPause: time.Minute}}
)

func enter(t *testing.T, g *gate.Gate, l gate.Limits, at time.Time, want string) gate.Pass {
	t.Helper()
	pass, refusal := g.Enter(one, l, time.Minute, at)
	got := ""
	if refusal != nil {
		got = refusal.Why
	}
	if got != want {
		t.Fatalf("refused with %q, want %q", got, want)
	}
	return pass
}

func TestGate(t *testing.T) {
	t.Parallel()
	t.Run("BoundsWhatIsUnderWay", func(t *testing.T) {
		t.Parallel()
		g := gate.New(limits)
		first := enter(t, g, limits, now, "")
		enter(t, g, limits, now, "")
		enter(t, g, limits, now, gate.Crowded)
		if n, _, open := g.Room(one, now); n != 0 || !open {
			t.Errorf("room %d, open %v", n, open)
		}
		first.Done(circuit.Worked, "", now)
		enter(t, g, limits, now, "")
	})
	t.Run("BoundsTheRate", func(t *testing.T) {
		t.Parallel()
		l := limits
		l.Concurrency, l.Rate = 100, 2
		g := gate.New(l)
		enter(t, g, l, now, "")
		enter(t, g, l, now, "")
		_, refusal := g.Enter(one, l, time.Minute, now)
		if refusal == nil || refusal.Why != gate.TooFast {
			t.Fatalf("got %v", refusal)
		}
		enter(t, g, l, now.Add(-time.Hour), gate.TooFast) // a clock that jumps back
		enter(t, g, l, now.Add(time.Second), "")
	})
	t.Run("SharesLimitsAndCircuits", func(t *testing.T) {
		t.Parallel()
		a, b := gate.New(limits), gate.New(limits)
		a.Learn(nil, 2, now)
		pass := enter(t, a, limits, now, "")
		enter(t, a, limits, now, gate.Crowded)
		pass.Done(circuit.Broke, "refused", now)
		enter(t, a, limits, now, "").Done(circuit.Broke, "refused", now)
		enter(t, a, limits, now, gate.CircuitOpen)
		news := a.News(now)
		if len(news) != 1 || !news[0].Open || news[0].Cause != "refused" || news[0].Left != time.Second || len(a.News(now)) != 0 {
			t.Fatalf("news %+v", news)
		}
		news[0].Version = 1
		b.Learn(news, 1, now)
		enter(t, b, limits, now, gate.CircuitOpen)
		if _, until, open := b.Room(one, now); open || !until.Equal(now.Add(time.Second)) {
			t.Errorf("open %v until %v", open, until)
		}
		enter(t, b, limits, now.Add(time.Second), "").Done(circuit.Worked, "", now)
		news = b.News(now)
		if len(news) != 1 || news[0].Open {
			t.Fatalf("news %+v", news)
		}
		news[0].Version = 2
		a.Published(one, 1)
		a.Learn(news, 1, now)
		enter(t, a, limits, now, "")
	})
	t.Run("BelievesNoPauseThatIsTooLong", func(t *testing.T) {
		t.Parallel()
		g := gate.New(limits)
		g.Learn([]gate.Shared{{Target: one, Open: true, Trips: 1, Left: time.Hour, Version: 1}}, 1, now)
		if _, until, open := g.Room(one, now); open || !until.Equal(now.Add(limits.Circuit.MaxPause)) {
			t.Errorf("open %v until %v", open, until)
		}
	})
	t.Run("KeepsNewsThatCouldNotBeShared", func(t *testing.T) {
		t.Parallel()
		g := gate.New(limits)
		for range 2 {
			enter(t, g, limits, now, "").Done(circuit.Broke, "", now)
		}
		g.Keep(g.News(now))
		if len(g.News(now)) != 1 {
			t.Error("lost")
		}
	})
}

// book has the same terms for all.
type book struct{ terms gate.Terms }

func (b book) Terms(context.Context, string, string) gate.Terms { return b.terms }

type maker func(attempt.Request) (attempt.Result, error)

func (f maker) Attempt(_ context.Context, r attempt.Request) (attempt.Result, error) { return f(r) }

func TestPrompt_JudgesWhoseFaultItWas(t *testing.T) {
	t.Parallel()
	answers := map[string]struct {
		result attempt.Result
		err    error
		left   time.Duration
		scheme string
		opens  bool
	}{
		"500":            {result: attempt.Result{Transport: delivery.Answered, Status: 500}, opens: true},
		"429":            {result: attempt.Result{Transport: delivery.Answered, Status: 429}, opens: true},
		"404":            {result: attempt.Result{Transport: delivery.Answered, Status: 404}},
		"Unreachable":    {result: attempt.Result{Transport: delivery.Unreachable}, opens: true},
		"TimedOut":       {result: attempt.Result{Transport: delivery.TimedOut}, opens: true},
		"HadNoTime":      {result: attempt.Result{Transport: delivery.TimedOut}, left: time.Millisecond},
		"Denied":         {result: attempt.Result{Transport: delivery.Denied}},
		"OurOwn":         {err: fault.Unavailable("away")},
		"ScriptThrows":   {result: attempt.Result{Transport: delivery.BrokenAnswer}, scheme: "action"},
		"ScriptOverruns": {result: attempt.Result{Transport: delivery.TimedOut}, scheme: "action", opens: true},
	}
	for name, a := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := gate.Prompt{Gate: gate.New(limits), Book: book{gate.Terms{Limits: limits}}, Next: maker(func(attempt.Request) (attempt.Result, error) { return a.result, a.err })}
			req := attempt.Request{Tenant: "t", Step: run.Step{TargetID: "1", Timeout: 10 * time.Second, Endpoint: "http://x"}, Timeout: 10 * time.Second}
			if a.left > 0 {
				req.Timeout = a.left
			}
			if a.scheme != "" {
				req.Step.Endpoint = a.scheme + "://1"
			}
			for range 2 {
				_, _ = p.Attempt(t.Context(), req)
			}
			_, err := p.Attempt(t.Context(), req)
			if opened := errors.As(err, new(*gate.Refusal)); opened != a.opens {
				t.Errorf("opened %v, want %v", opened, a.opens)
			}
		})
	}
}

func TestPatient_WaitsForRoomAsLongAsThereIsTime(t *testing.T) {
	t.Parallel()
	l := limits
	l.Concurrency = 1
	hold, entered := make(chan struct{}), make(chan struct{}, 2)
	p := gate.Patient{Gate: gate.New(l), Book: book{gate.Terms{Limits: l}}, Next: maker(func(attempt.Request) (attempt.Result, error) {
		entered <- struct{}{}
		<-hold
		return attempt.Result{Transport: delivery.Answered}, nil
	})}
	req := attempt.Request{Tenant: "t", Step: run.Step{TargetID: "1", Timeout: time.Second}, Timeout: time.Second}
	done := make(chan error, 2)
	go func() { _, err := p.Attempt(context.Background(), req); done <- err }()
	<-entered
	short, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Attempt(short, req); fault.CodeOf(err) != fault.CodeDeadline {
		t.Errorf("got %v", err)
	}
	go func() { _, err := p.Attempt(context.Background(), req); done <- err }()
	close(hold)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
