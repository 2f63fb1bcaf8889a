package delivery_test

import (
	"slices"
	"testing"

	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"pgregory.net/rapid"
)

func TestInitial(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		interrupts []bool
		want       []delivery.State
	}{
		{"NobodyInterrupts", []bool{false, false}, []delivery.State{"scheduled", "scheduled"}},
		{"FirstInterrupts", []bool{true, false, true}, []delivery.State{"scheduled", "held", "held"}},
		{"SecondInterrupts", []bool{false, true, false}, []delivery.State{"scheduled", "scheduled", "held"}},
		{"NoSteps", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := delivery.Initial(tt.interrupts); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	guard := func(s delivery.State) delivery.Step { return delivery.Step{State: s, Interrupts: true} }
	plain := func(s delivery.State) delivery.Step { return delivery.Step{State: s} }
	tests := []struct {
		name  string
		steps []delivery.Step
		want  delivery.Moves
	}{
		{"SuccessReleasesUpToTheNextGuard",
			[]delivery.Step{guard("succeeded"), plain("held"), guard("held"), plain("held")},
			delivery.Moves{Release: []int{1, 2}}},
		{"GuardUnderWayHolds",
			[]delivery.Step{guard("backing_off"), plain("held")}, delivery.Moves{}},
		{"ExhaustedGuardCancelsAllBehind",
			[]delivery.Step{guard("exhausted"), plain("held"), guard("held"), plain("held")},
			delivery.Moves{Cancel: []int{1, 2, 3}}},
		{"FailedGuardCancels", []delivery.Step{guard("failed"), plain("held")}, delivery.Moves{Cancel: []int{1}}},
		{"CanceledGuardCancels", []delivery.Step{guard("canceled"), plain("held")}, delivery.Moves{Cancel: []int{1}}},
		{"PlainStepHoldsNobody",
			[]delivery.Step{plain("failed"), plain("sending"), guard("held")}, delivery.Moves{Release: []int{2}}},
		{"StepBeforeTheGuardGoes",
			[]delivery.Step{plain("held"), guard("failed")}, delivery.Moves{Release: []int{0}}},
		{"LaterFailedGuardDecidesThoughEarlierIsUnderWay",
			[]delivery.Step{guard("sending"), guard("failed"), plain("held")}, delivery.Moves{Cancel: []int{2}}},
		{"FailedGuardDecidesThoughLaterIsReplayed",
			[]delivery.Step{guard("failed"), guard("scheduled"), plain("held")}, delivery.Moves{Cancel: []int{2}}},
		{"OnlyHeldStepsMove",
			[]delivery.Step{guard("failed"), plain("scheduled"), plain("succeeded"), plain("canceled")}, delivery.Moves{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := delivery.Progress(tt.steps)
			if !slices.Equal(got.Release, tt.want.Release) || !slices.Equal(got.Cancel, tt.want.Cancel) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if got.Empty() != (len(got.Release)+len(got.Cancel) == 0) {
				t.Errorf("%+v: Empty() = %v", got, got.Empty())
			}
		})
	}
}

func TestRevive(t *testing.T) {
	t.Parallel()
	steps := []delivery.Step{
		{State: delivery.Canceled, Reason: delivery.StepBlocked},
		{State: delivery.Exhausted, Reason: delivery.OutOfAttempts, Interrupts: true},
		{State: delivery.Canceled, Reason: delivery.StepBlocked},
		{State: delivery.Canceled, Reason: delivery.Operator},
		{State: delivery.Succeeded},
		{State: delivery.Canceled, Reason: delivery.StepBlocked, Interrupts: true},
	}
	if got := delivery.Revive(steps, 1); !slices.Equal(got, []int{2, 5}) {
		t.Errorf("the guard's replay revives %v, want [2 5]", got)
	}
	if got := delivery.Revive(steps, 4); got != nil {
		t.Errorf("a plain step's replay revives %v, want none", got)
	}
}

// TestRunAgreesWithModel plays whole runs. The model is the rule as told: a
// step may start when every interrupting step before it has succeeded.
func TestRunAgreesWithModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		interrupts := rapid.SliceOfN(rapid.Bool(), 1, 6).Draw(t, "interrupts")
		run := newRun(interrupts)
		run.check(t)
		for !run.ended() {
			going := run.going()
			if len(going) == 0 {
				t.Fatalf("run is stuck: %+v", run.steps)
			}
			run.end(rapid.SampledFrom(going).Draw(t, "step"), rapid.SampledFrom(ends).Draw(t, "end"))
			run.check(t)
		}
	})
}

// TestReplayedRunSucceeds: replaying what did not succeed, from the front, in
// the end delivers all.
func TestReplayedRunSucceeds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		run := newRun(rapid.SliceOfN(rapid.Bool(), 1, 6).Draw(t, "interrupts"))
		for !run.ended() {
			run.end(run.going()[0], rapid.SampledFrom(ends).Draw(t, "end"))
		}
		for i := range run.steps {
			if run.steps[i].State == delivery.Succeeded {
				continue
			}
			if run.steps[i].State.Ended() {
				run.replay(i)
			}
			run.check(t)
			run.end(i, delivery.Succeeded)
			run.check(t)
		}
		for i, step := range run.steps {
			if step.State != delivery.Succeeded {
				t.Fatalf("step %d is %+v", i, step)
			}
		}
	})
}

var ends = []delivery.State{delivery.Succeeded, delivery.Succeeded, delivery.Failed, delivery.Exhausted, delivery.Canceled}

type run struct{ steps []delivery.Step }

func newRun(interrupts []bool) *run {
	r := &run{}
	for i, state := range delivery.Initial(interrupts) {
		r.steps = append(r.steps, delivery.Step{State: state, Interrupts: interrupts[i]})
	}
	return r
}

func (r *run) ended() bool {
	return !slices.ContainsFunc(r.steps, func(s delivery.Step) bool { return !s.State.Ended() })
}

func (r *run) going() []int {
	var going []int
	for i, step := range r.steps {
		if step.State == delivery.Scheduled {
			going = append(going, i)
		}
	}
	return going
}

func (r *run) end(i int, state delivery.State) {
	r.steps[i].State = state
	r.progress()
}

func (r *run) replay(i int) {
	for _, held := range delivery.Revive(r.steps, i) {
		r.steps[held].State, r.steps[held].Reason = delivery.Held, ""
	}
	r.steps[i].State, r.steps[i].Reason = delivery.Scheduled, ""
	r.progress()
}

func (r *run) progress() {
	moves := delivery.Progress(r.steps)
	for _, i := range moves.Release {
		r.steps[i].State = delivery.Scheduled
	}
	for _, i := range moves.Cancel {
		r.steps[i].State, r.steps[i].Reason = delivery.Canceled, delivery.StepBlocked
	}
}

func (r *run) check(t *rapid.T) {
	if again := delivery.Progress(r.steps); !again.Empty() {
		t.Fatalf("%+v: Progress moves again: %+v", r.steps, again)
	}
	for i, step := range r.steps {
		free, hopeless := true, false
		for _, before := range r.steps[:i] {
			if before.Interrupts && before.State != delivery.Succeeded {
				free = false
				hopeless = hopeless || before.State.Ended()
			}
		}
		switch {
		case step.State == delivery.Scheduled && !free:
			t.Fatalf("%+v: step %d goes too early", r.steps, i)
		case step.State == delivery.Held && free:
			t.Fatalf("%+v: step %d is held by nobody", r.steps, i)
		case step.State == delivery.Held && hopeless:
			t.Fatalf("%+v: step %d waits for what will not come", r.steps, i)
		case step.Reason == delivery.StepBlocked && free:
			t.Fatalf("%+v: step %d was canceled for nothing", r.steps, i)
		}
	}
}
