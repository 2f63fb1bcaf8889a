package dispatch

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/proto/contract"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	executionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/executions/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/announced"
)

// asked answers one question.
type asked func(*executionsv1.ResolveEventsRequest) (*executionsv1.ResolveEventsResponse, error)

// Call implements contract.Caller.
func (a asked) Call(_ context.Context, _ *contract.Method, in, out proto.Message) error {
	answer, err := a(in.(*executionsv1.ResolveEventsRequest))
	if err == nil {
		proto.Merge(out, answer)
	}
	return err
}

// resolved asks for the chains of events.
func resolved(t *testing.T, wait bool, kinds []announced.Kind, answer asked) map[announced.Kind]chain {
	t.Helper()
	s := &Service{executions: executionsv1.NewExecutionsBusClient(answer)}
	var arrivals []*arrival
	for _, k := range kinds {
		arrivals = append(arrivals, &arrival{ctx: t.Context(), announced: announced.Event{Kind: k}})
	}
	return s.resolve(t.Context(), arrivals, wait)
}

func ofTarget(id string, kind targetsv1.Kind) *executionsv1.ResolvedEvents {
	return &executionsv1.ResolvedEvents{Chain: &dispatchv1.Chain{Condition: "event/" + id, Steps: []*targetsv1.TargetSnapshot{{Id: id, Kind: kind}}}}
}

// TestResolve_AsksForEachKindOnceAndAnswersEachItsOwn: a problem of one is no
// other's.
func TestResolve_AsksForEachKindOnceAndAnswersEachItsOwn(t *testing.T) {
	t.Parallel()
	kind := func(tenant, eventType string) announced.Kind {
		return announced.Kind{Tenant: tenant, Type: eventType}
	}
	kinds := []announced.Kind{
		kind("1", "a"), kind("2", "a"), kind("1", "a"), kind("1", "bad"), kind("1", "slow"), kind("2", "nobody"), kind("1", "a"), kind("2", "odd"),
	}
	var question []string
	chains := resolved(t, false, kinds, func(in *executionsv1.ResolveEventsRequest) (*executionsv1.ResolveEventsResponse, error) {
		for _, k := range in.GetKinds() {
			question = append(question, fmt.Sprintf("%s.%s*%d", k.GetTenantId(), k.GetType(), k.GetCount()))
		}
		return &executionsv1.ResolveEventsResponse{Kinds: []*executionsv1.ResolvedEvents{
			ofTarget("1", targetsv1.Kind_KIND_ASYNC), ofTarget("2", targetsv1.Kind_KIND_ASYNC), {Problem: "is bad"}, {Pending: true},
			{Chain: &dispatchv1.Chain{Condition: "event"}}, ofTarget("3", targetsv1.Kind_KIND_UNSPECIFIED),
		}}, nil
	})
	if want := []string{"1.a*3", "2.a*1", "1.bad*1", "1.slow*1", "2.nobody*1", "2.odd*1"}; !slices.Equal(question, want) {
		t.Errorf("asked for %v, want %v", question, want)
	}
	for tenant, condition := range map[string]string{"1": "event/1", "2": "event/2"} {
		if c := chains[kind(tenant, "a")]; c.condition != condition || len(c.steps) != 1 || c.steps[0].TargetID != tenant || c.pending || c.err != nil {
			t.Errorf("chain of tenant %s: %+v", tenant, c)
		}
	}
	if c := chains[kind("1", "bad")]; fault.CodeOf(c.err) != fault.CodeInvalid {
		t.Errorf("what cannot be: %+v", c)
	}
	if c := chains[kind("1", "slow")]; !c.pending || c.err != nil {
		t.Errorf("what is not at hand: %+v", c)
	}
	if c := chains[kind("2", "nobody")]; len(c.steps) != 0 || c.pending || c.err != nil {
		t.Errorf("what nobody waits for: %+v", c)
	}
	if c := chains[kind("2", "odd")]; fault.CodeOf(c.err) != fault.CodeInternal {
		t.Errorf("a chain that is none: %+v", c)
	}
}

// TestResolve_WhatIsWrongWithAnAnswerIsNoFaultOfTheEvents: they come again, and
// none is taken for one that nobody waits for.
func TestResolve_WhatIsWrongWithAnAnswerIsNoFaultOfTheEvents(t *testing.T) {
	t.Parallel()
	one := &executionsv1.ResolvedEvents{Chain: &dispatchv1.Chain{}}
	for name, tt := range map[string]struct {
		wait   bool
		answer []*executionsv1.ResolvedEvents
		err    error
	}{
		"too few":               {answer: []*executionsv1.ResolvedEvents{one}},
		"none":                  {},
		"too many":              {answer: []*executionsv1.ResolvedEvents{one, one, one}},
		"away":                  {err: fault.Unavailable("the executions service is not available")},
		"the question is wrong": {err: fault.Invalid("the message is larger than the bus allows")},
		"not known there":       {err: fault.New(fault.CodeUnimplemented, "no such method")},
		"did not wait":          {wait: true, answer: []*executionsv1.ResolvedEvents{{Pending: true}, {Pending: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kinds := []announced.Kind{{Tenant: "1", Type: "a"}, {Tenant: "2", Type: "a"}}
			chains := resolved(t, tt.wait, kinds, func(*executionsv1.ResolveEventsRequest) (*executionsv1.ResolveEventsResponse, error) {
				return &executionsv1.ResolveEventsResponse{Kinds: tt.answer}, tt.err
			})
			for _, k := range kinds {
				if c := chains[k]; c.err == nil || fault.Permanent(c.err) {
					t.Errorf("%v: %+v", k, c)
				}
			}
		})
	}
}

func TestResolve_AsksForNothingWhereThereIsNothing(t *testing.T) {
	t.Parallel()
	resolved(t, false, nil, func(*executionsv1.ResolveEventsRequest) (*executionsv1.ResolveEventsResponse, error) {
		t.Error("asked")
		return nil, nil
	})
}
