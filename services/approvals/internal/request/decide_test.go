package request_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func codeOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Reason
	}
	return ""
}

func TestClock(t *testing.T) {
	t.Parallel()
	r := request.Request{State: request.Pending, SubmittedBy: "s", Required: 1, ExpiresAt: epoch}
	for offset, want := range map[time.Duration]string{
		-time.Microsecond: "", 0: request.CodeExpired, time.Microsecond: request.CodeExpired,
	} {
		if _, err := r.Check(request.Draft{Reviewer: "a", Verdict: request.Approve}, nil, epoch.Add(offset)); codeOf(err) != want {
			t.Errorf("%v after: got %v, want %q", offset, err, want)
		}
	}
}

// world is a few people, some of whom are the same human, and what the model
// needs to know of them.
type world struct {
	people request.People
	humans map[string]string
}

// drawWorld makes five accounts of four humans at most.
func drawWorld(t *rapid.T) world {
	w := world{people: request.People{}, humans: map[string]string{}}
	for i := range 5 {
		id := fmt.Sprint("p", i)
		human := fmt.Sprint("h", rapid.IntRange(0, 3).Draw(t, "human"))
		w.humans[id] = human
		w.people[id] = drawPerson(t, id, human)
	}
	return w
}

func drawPerson(t *rapid.T, id, human string) request.Person {
	p := request.Person{ID: id, Human: human, Active: rapid.IntRange(0, 9).Draw(t, "active") > 0}
	if rapid.IntRange(0, 9).Draw(t, "role") > 0 {
		p.Roles = []string{"ORG_OWNER"}
	}
	p.Reviewer = p.Active && len(p.Roles) > 0 && rapid.IntRange(0, 9).Draw(t, "reviews") > 0
	return p
}

// TestRequestsMatchTheirInvariants lets people come and go and decide in any
// order, and compares each step with the rules as the sheet words them.
func TestRequestsMatchTheirInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		r := request.Request{
			State: request.Pending, SubmittedBy: "p0", Required: rapid.IntRange(1, 3).Draw(t, "required"), ExpiresAt: epoch, Version: 1,
			PayloadHash: "hash", AuditedHash: "hash",
		}
		var made []request.Decision
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			if id := fmt.Sprint("p", rapid.IntRange(0, 4).Draw(t, "who changes")); rapid.Bool().Draw(t, "somebody changes") {
				w.people[id] = drawPerson(t, id, w.humans[id])
			}
			d := request.Draft{
				Reviewer: fmt.Sprint("p", rapid.IntRange(0, 4).Draw(t, "reviewer")),
				Verdict:  rapid.SampledFrom([]request.Verdict{request.Approve, request.Approve, request.Approve, request.Deny}).Draw(t, "verdict"),
			}
			now := epoch.Add(time.Duration(rapid.SampledFrom([]int{-2, -2, -2, -1, 0, 1}).Draw(t, "now")))
			threshold := rapid.IntRange(0, 3).Draw(t, "threshold")
			before := r.State
			repeated, err := r.Check(d, made, now)
			var out request.Outcome
			if err == nil && !repeated {
				out, err = r.Decide(d, made, w.people, threshold)
			}
			if repeated || err != nil {
				if err != nil && codeOf(err) == "" {
					t.Fatalf("refused without a code: %v", err)
				}
				continue
			}
			made = append(made, request.Decision{Reviewer: d.Reviewer, Verdict: d.Verdict, PayloadHash: r.PayloadHash})
			r.State, r.Version = out.Next, r.Version+1
			check(t, w, r, made, before, d, now, threshold)
		}
	})
}

func check(t *rapid.T, w world, r request.Request, made []request.Decision, before request.State, d request.Draft, now time.Time, threshold int) {
	last := w.people[d.Reviewer]
	switch {
	case before.Final():
		t.Fatalf("%s was decided about", before)
	case !now.Before(r.ExpiresAt):
		t.Fatal("decided after expiry")
	case w.humans[d.Reviewer] == w.humans[r.SubmittedBy]:
		t.Fatal("the submitter's human decided")
	case !last.Reviewer:
		t.Fatal("somebody decided who may not review")
	case r.State != before && !before.To(r.State):
		t.Fatalf("from %s to %s", before, r.State)
	case d.Verdict == request.Deny && r.State != request.Denied:
		t.Fatal("a denial did not end it")
	}
	humans := map[string]bool{}
	for _, m := range made {
		if p := w.people[m.Reviewer]; m.Verdict == request.Approve && p.Reviewer {
			humans[p.Human] = true
		}
	}
	if denied := slices.ContainsFunc(made, func(m request.Decision) bool { return m.Verdict == request.Deny }); denied && r.State == request.Approved {
		t.Fatal("approved in spite of a denial")
	}
	enough := len(humans) >= max(r.Required, threshold)
	if d.Verdict == request.Approve && enough != (r.State == request.Approved) {
		t.Fatalf("%d humans of %d, and it is %s", len(humans), max(r.Required, threshold), r.State)
	}
}

// TestMachines walks every pair of states.
func TestMachines(t *testing.T) {
	t.Parallel()
	states := []request.State{request.Pending, request.Approved, request.Denied, request.Expired, request.Canceled, request.AutoApproved}
	for _, from := range states {
		for _, to := range states {
			if got, want := from.To(to), from == request.Pending && to != request.Pending && to != request.AutoApproved; got != want {
				t.Errorf("%s to %s: %t", from, to, got)
			}
		}
		if from.Final() != (from != request.Pending) {
			t.Errorf("%s final: %t", from, from.Final())
		}
		if !slices.Contains(request.StatesOf(from.Status()), from) {
			t.Errorf("%s is not found by its status", from)
		}
	}
	for _, final := range []request.ExecutionState{request.Executed, request.Stale, request.Abandoned, ""} {
		for _, to := range []request.ExecutionState{request.Queued, request.Executing, request.Executed, request.Failed, request.Stale, request.Abandoned} {
			if final.To(to) {
				t.Errorf("%q goes on to %s", final, to)
			}
		}
	}
}

func TestControllersAreTheSameHuman(t *testing.T) {
	t.Parallel()
	r := request.Request{State: request.Pending, SubmittedBy: "machine", Required: 2, ExpiresAt: epoch, PayloadHash: "h", AuditedHash: "h"}
	reviewer := func(id string, controllers ...string) request.Person {
		return request.Person{ID: id, Human: "human-" + id, Controllers: controllers, Active: true, Reviewer: true, Roles: []string{"ORG_OWNER"}}
	}
	people := request.People{
		"machine": {ID: "machine", Controllers: []string{"human-maker"}, Active: true, Roles: []string{"ORG_DEVELOPER"}},
		"maker":   reviewer("maker"),
		"a":       reviewer("a"),
		"puppet":  reviewer("puppet", "human-a"),
	}
	if _, err := r.Decide(request.Draft{Reviewer: "maker", Verdict: request.Approve}, nil, people, 0); codeOf(err) != request.CodeSelfReview {
		t.Errorf("who made the machine's token: got %v", err)
	}
	made := []request.Decision{{Reviewer: "a", Verdict: request.Approve, PayloadHash: "h"}}
	if _, err := r.Decide(request.Draft{Reviewer: "puppet", Verdict: request.Approve}, made, people, 0); codeOf(err) != request.CodeReviewed {
		t.Errorf("whose token another approver made: got %v", err)
	}
}
