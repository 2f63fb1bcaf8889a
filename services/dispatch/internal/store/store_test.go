package store_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/doorman"
	"github.com/actionplane/actionplane/services/dispatch/internal/fairness"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
	"github.com/actionplane/actionplane/services/dispatch/internal/store/migrations"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestMigrations(t *testing.T) {
	t.Parallel()
	pgtest.RoundTrip(t, "dispatch", migrations.FS)
}

const tenantID = "00000000-0000-4000-8000-000000000001"

// event is a run of an event with deliveries in the given states.
func event(id run.ID, eventID string, states ...delivery.State) run.Run {
	now := time.Now().Add(-time.Second).UTC().Truncate(time.Microsecond)
	r := run.Run{ID: id, Tenant: tenantID, TriggerKind: run.TriggerEvent, EventID: eventID, Body: []byte(`{"a":1}`), CreatedAt: now}
	for i, state := range states {
		r.Deliveries = append(r.Deliveries, run.Delivery{
			ID: run.DeliveryID(1000*int64(id) + int64(i)), Run: id, Tenant: tenantID, Position: i + 1,
			Step:     run.Step{TargetID: "1", Kind: run.Webhook, Endpoint: "http://x", Timeout: time.Second, Interrupts: true},
			Delivery: delivery.New(state, now), CreatedAt: now,
		})
	}
	return r
}

// take takes deliveries of the one target.
func take(n int) []fairness.Take { return []fairness.Take{{Tenant: tenantID, Target: "1", N: n}} }

func states(t *testing.T, s *store.Store, id run.ID) string {
	t.Helper()
	r, err := s.Run(t.Context(), tenantID, id)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, d := range r.Deliveries {
		all = append(all, string(d.State))
	}
	return strings.Join(all, " ")
}

func TestCreateRuns(t *testing.T) {
	t.Parallel()
	s := store.New(pgtest.New(t, "dispatch", migrations.FS), nil)

	t.Run("KeepsOneRunOfAnEvent", func(t *testing.T) {
		t.Parallel()
		one, again, other := event(11, "same", delivery.Scheduled), event(11, "same", delivery.Scheduled), event(12, "same", delivery.Scheduled)
		if err := s.CreateRuns(t.Context(), []run.Run{one, again, other}); err != nil {
			t.Fatal(err)
		}
		if err := s.CreateRuns(t.Context(), []run.Run{one, other}); err != nil {
			t.Fatal(err)
		}
		found, err := s.Runs(t.Context(), tenantID, store.RunFilter{EventID: "same", Limit: 9})
		if err != nil || len(found) != 1 || len(found[0].Deliveries) != 1 {
			t.Fatalf("got %v, %v", found, err)
		}
	})
	t.Run("RefusesAnIdThatIsTaken", func(t *testing.T) {
		t.Parallel()
		if err := s.CreateRuns(t.Context(), []run.Run{event(21, "a")}); err != nil {
			t.Fatal(err)
		}
		if err := s.CreateRuns(t.Context(), []run.Run{event(21, "b")}); fault.CodeOf(err) != fault.CodeAlreadyExists {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("StoresWhateverTextsTargetsCauseAndNames", func(t *testing.T) {
		t.Parallel()
		r := event(31, "nul\x00 and \xff", delivery.Scheduled)
		r.Error, r.Steps = "x\x00\xff", []run.StepResult{{Position: 1, Error: "y\x00\xff", Outcome: run.Succeeded}}
		r.Deliveries[0].Error = "z\x00\xff"
		if err := s.CreateRuns(t.Context(), []run.Run{r}); err != nil {
			t.Fatal(err)
		}
		found, err := s.Run(t.Context(), tenantID, 31)
		if err != nil || found.Error != "x\uFFFD" || found.Deliveries[0].Error != "z\uFFFD" || found.Steps[0].Outcome != run.Succeeded {
			t.Fatalf("got %+v, %v", found, err)
		}
		known, other := doorman.Question{Event: r.Event()}, doorman.Question{Event: run.Event{Tenant: "other", ID: r.EventID}}
		if err := s.KnownEvents(t.Context(), []*doorman.Question{&other, &known}); err != nil || !known.Known || other.Known {
			t.Errorf("events: %+v, %+v, %v", known, other, err)
		}
	})
}

// TestCreateRuns_KeepsAttempts, the usual one with its delivery, others in rows of
// their own, whichever way runs are stored.
func TestCreateRuns_KeepsAttempts(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "dispatch", migrations.FS)
	s := store.New(pool, nil)
	at := time.Now().UTC().Truncate(time.Microsecond)
	usual := run.Attempt{Number: 1, StartedAt: at, Duration: 1234567, Outcome: delivery.OutcomeSucceeded, Status: 204}
	refused := run.Attempt{Number: 1, StartedAt: at, Duration: 5, Outcome: delivery.OutcomeFailed, Status: 400, Error: "no"}
	second := run.Attempt{Number: 2, StartedAt: at, Duration: 6, Outcome: delivery.OutcomeSucceeded}
	attempts := [][]run.Attempt{{usual}, {refused}, nil, {second}}
	runOf := func(id run.ID, eventID string) run.Run {
		r := event(id, eventID, delivery.Succeeded, delivery.Failed, delivery.Scheduled, delivery.Succeeded)
		for i, a := range attempts {
			r.Deliveries[i].Attempts, r.Deliveries[i].Attempt = a, len(a)
		}
		r.Deliveries[3].Attempt = 2
		return r
	}
	copied, inserted := runOf(41, "copied"), runOf(42, "inserted")
	if err := errors.Join(s.CreateRuns(t.Context(), []run.Run{copied}), s.CreateRuns(t.Context(), []run.Run{inserted, runOf(43, "copied")})); err != nil {
		t.Fatal(err)
	}
	for _, id := range []run.ID{41, 42} {
		found, err := s.Run(t.Context(), tenantID, id)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range attempts {
			if got := found.Deliveries[i].Attempts; !slices.Equal(got, want) {
				t.Errorf("run %d, delivery %d: got %v, want %v", id, i+1, got, want)
			}
		}
	}
	var rows int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM attempts`).Scan(&rows); err != nil || rows != 4 {
		t.Errorf("%d rows of attempts, %v", rows, err)
	}
}

func TestClaim(t *testing.T) {
	t.Parallel()
	s := store.New(pgtest.New(t, "dispatch", migrations.FS), nil)
	later := event(2, "later", delivery.Scheduled)
	later.Deliveries[0].Due = time.Now().Add(time.Hour)
	if err := s.CreateRuns(t.Context(), []run.Run{event(1, "now", delivery.Scheduled, delivery.Held), later}); err != nil {
		t.Fatal(err)
	}
	claimed, err := s.Claim(t.Context(), take(10), time.Hour)
	if err != nil || len(claimed) != 1 {
		t.Fatalf("got %v, %v", claimed, err)
	}
	d := claimed[0]
	if d.State != delivery.Sending || d.Attempt != 1 || string(d.Body) != `{"a":1}` || d.Lease.Before(time.Now().Add(time.Minute)) {
		t.Fatalf("got %+v", d)
	}
	if again, err := s.Claim(t.Context(), take(10), time.Hour); err != nil || len(again) != 0 {
		t.Fatalf("claimed twice: %v, %v", again, err)
	}
	wait, ok, err := s.NextWake(t.Context())
	if err != nil || !ok || wait < time.Minute || wait > time.Hour+2*time.Second {
		t.Errorf("next wake %v, %v, %v", wait, ok, err)
	}
}

func TestClaim_BringsTheTraceAndConditionOfWhatMadeADelivery(t *testing.T) {
	t.Parallel()
	s := store.New(pgtest.New(t, "dispatch", migrations.FS), nil)
	traced, plain := event(1, "traced", delivery.Scheduled), event(2, "plain", delivery.Scheduled)
	traced.Condition, plain.Condition = "event/user", "event/user"
	traced.Deliveries[0].Traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	left := event(3, "hook", delivery.Scheduled).Deliveries[0] // by a hook, whose run is not there
	left.Traceparent, left.Body = traced.Deliveries[0].Traceparent, []byte("{}")
	if err := errors.Join(s.CreateRuns(t.Context(), []run.Run{plain, traced}), s.CreateDeliveries(t.Context(), []run.Delivery{left})); err != nil {
		t.Fatal(err)
	}
	claimed, err := s.Claim(t.Context(), take(9), time.Minute)
	if err != nil || len(claimed) != 3 {
		t.Fatalf("got %v, %v", claimed, err)
	}
	for _, d := range claimed {
		if want := d.Run != plain.ID; (d.Traceparent == left.Traceparent) != want || (d.Traceparent == "") == want {
			t.Errorf("delivery %s has %q", d.ID, d.Traceparent)
		}
		if want := d.Run != left.Run; (d.Condition == plain.Condition) != want || (d.Condition == "") == want {
			t.Errorf("delivery %s has %q", d.ID, d.Condition)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	s := store.New(pgtest.New(t, "dispatch", migrations.FS), nil)
	claim := func(t *testing.T, r run.Run, lease time.Duration) run.Delivery {
		t.Helper()
		if err := s.CreateRuns(t.Context(), []run.Run{r}); err != nil {
			t.Fatal(err)
		}
		claimed, err := s.Claim(t.Context(), take(1), lease)
		if err != nil || len(claimed) != 1 {
			t.Fatalf("claimed %v, %v", claimed, err)
		}
		return claimed[0]
	}
	report := func(t *testing.T, r run.Report) {
		t.Helper()
		if err := s.Report(t.Context(), []run.Report{r}); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()

	// One after the other: they claim from one table.
	t.Run("LetsTheNextStepGo", func(t *testing.T) { //nolint:paralleltest // see above
		d := claim(t, event(1, "a", delivery.Scheduled, delivery.Held, delivery.Held), time.Hour)
		report(t, run.Report{Run: 1, Delivery: d.ID, Event: delivery.Succeed(now.Add(time.Hour)), Attempt: run.Attempt{Number: 1, Outcome: delivery.OutcomeSucceeded}})
		if got := states(t, s, 1); got != "succeeded scheduled held" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("OnlyRecordsTheAttemptOfOneWhoLostTheLease", func(t *testing.T) { //nolint:paralleltest // see above
		d := claim(t, event(2, "b", delivery.Scheduled), -time.Hour)
		second, err := s.Claim(t.Context(), take(1), time.Hour)
		if err != nil || len(second) != 1 || second[0].ID != d.ID || second[0].Attempt != 2 {
			t.Fatalf("got %v, %v", second, err)
		}
		report(t, run.Report{Run: 2, Delivery: d.ID, Event: delivery.Fail(now, delivery.Refused), Attempt: run.Attempt{Number: 1, Outcome: delivery.OutcomeFailed}})
		found, err := s.Delivery(t.Context(), tenantID, d.ID)
		if err != nil || found.State != delivery.Sending || len(found.Attempts) != 1 || found.Attempts[0].Outcome != delivery.OutcomeFailed {
			t.Errorf("got %+v, %v", found, err)
		}
	})
	t.Run("GivesBackTheNumberOfAnAttemptThatWasNotMade", func(t *testing.T) { //nolint:paralleltest // see above
		d := claim(t, event(3, "c", delivery.Scheduled), time.Hour)
		due := now.Add(time.Hour).UTC().Truncate(time.Microsecond)
		report(t, run.Report{Run: 3, Delivery: d.ID, Event: delivery.Abandon(now), Due: due, Attempt: run.Attempt{Number: 1}})
		found, err := s.Delivery(t.Context(), tenantID, d.ID)
		if err != nil || found.State != delivery.Scheduled || found.Attempt != 0 || !found.Due.Equal(due) || len(found.Attempts) != 0 {
			t.Errorf("got %+v, %v", found, err)
		}
	})
	t.Run("PassesByWhatIsNotThere", func(t *testing.T) { //nolint:paralleltest // see above
		report(t, run.Report{Run: 99, Delivery: 99, Event: delivery.Succeed(now), Attempt: run.Attempt{Number: 1, Outcome: delivery.OutcomeSucceeded}})
	})
}

func TestDeliveries_PagesNewestFirst(t *testing.T) {
	t.Parallel()
	s := store.New(pgtest.New(t, "dispatch", migrations.FS), nil)
	if err := s.CreateRuns(t.Context(), []run.Run{event(1, "a", delivery.Scheduled, delivery.Held), event(2, "b", delivery.Scheduled)}); err != nil {
		t.Fatal(err)
	}
	var ids []run.DeliveryID
	where := store.Page{Limit: 2}
	for {
		page, err := s.Deliveries(t.Context(), tenantID, store.DeliveryFilter{}, where)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, d := range page {
			ids, where.Before = append(ids, d.ID), d.ID
		}
	}
	if !slices.Equal(ids, []run.DeliveryID{2000, 1001, 1000}) {
		t.Errorf("got %v", ids)
	}
}
