package doorman_test

import (
	"context"
	"errors"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/doorman"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// visits come together.
func visits(events ...run.Event) []*doorman.Visit {
	all := make([]*doorman.Visit, len(events))
	for i, e := range events {
		all[i] = &doorman.Visit{Question: doorman.Question{Event: e}}
	}
	return all
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	var (
		known  = map[run.Event]bool{}
		broken error
		asked  int
	)
	d := doorman.New(func(_ context.Context, questions []*doorman.Question) error {
		asked++
		for _, q := range questions {
			q.Known = known[q.Event]
		}
		return broken
	})
	admit := func(events ...run.Event) []*doorman.Visit {
		all := visits(events...)
		d.Admit(t.Context(), all)
		return all
	}
	a, b, c := run.Event{Tenant: "t", ID: "a"}, run.Event{Tenant: "t", ID: "b"}, run.Event{Tenant: "u", ID: "a"}
	known[b] = true

	together := admit(a, b, c, a)
	if asked != 1 || !together[0].In() || together[1].In() || together[1].Err != nil || !together[2].In() {
		t.Errorf("of a new one, one that has its run and one of another tenant: %t, %t, %t by %d questions",
			together[0].In(), together[1].In(), together[2].In(), asked)
	}
	if fault.CodeOf(together[3].Err) != fault.CodeUnavailable {
		t.Errorf("one that came along twice: %v", together[3].Err)
	}
	if again := admit(a)[0]; again.In() || fault.CodeOf(again.Err) != fault.CodeUnavailable || asked != 1 {
		t.Errorf("an event that is in hand: %v, %d questions", again.Err, asked)
	}
	d.Leave(a)

	broken = errors.New("away")
	if v := admit(a)[0]; !errors.Is(v.Err, broken) {
		t.Errorf("without an answer: %v", v.Err)
	}
	broken, known[a] = nil, true
	if v := admit(a)[0]; v.In() || v.Err != nil || d.TurnedAway() != 2 {
		t.Errorf("an event that has its run meanwhile: in %t, %v, %d turned away", v.In(), v.Err, d.TurnedAway())
	}
}

// TestAdmit_WhatIsInHandBeforeItsTurn comes again, until it is known or is not in
// hand any more; but who has it in hand is let in.
func TestAdmit_WhatIsInHandBeforeItsTurn(t *testing.T) {
	t.Parallel()
	var known bool
	d := doorman.New(func(_ context.Context, questions []*doorman.Question) error {
		for _, q := range questions {
			q.Claimed, q.Known = true, known
		}
		return nil
	})
	a := run.Event{Tenant: "t", ID: "a"}
	for range 2 {
		all := visits(a)
		if d.Admit(t.Context(), all); all[0].In() || fault.CodeOf(all[0].Err) != fault.CodeUnavailable {
			t.Errorf("to others: in %t, %v", all[0].In(), all[0].Err)
		}
	}
	all := visits(a)
	all[0].Ours = true
	if d.Admit(t.Context(), all); !all[0].In() {
		t.Errorf("to who has it: %v", all[0].Err)
	}
	d.Leave(a)
	known, all = true, visits(a)
	if d.Admit(t.Context(), all); all[0].In() || all[0].Err != nil || d.TurnedAway() != 1 {
		t.Errorf("once it has its run: in %t, %v", all[0].In(), all[0].Err)
	}
}
