package dispatch_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/actionplane/actionplane/libs/tenant"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	executionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/executions/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
)

// kind is the events of a type of a tenant.
type kind struct{ tenant, eventType string }

// kindOf is the kind of events that has one event alone, of the default tenant.
func kindOf(eventID string) kind { return kind{string(tenant.Default), "user.human." + eventID} }

// executions stands in for the executions service. To kinds that no test told it
// of, nothing answers.
type executions struct {
	mu      sync.Mutex
	fails   error // what every question is answered, nil: what it asks for
	answers map[kind]*executionsv1.ResolvedEvents
	held    map[kind]chan struct{} // closed once the chain is at hand
	asked   map[kind]int
	awaited map[kind]int
}

func newExecutions() *executions {
	return &executions{
		answers: map[kind]*executionsv1.ResolvedEvents{}, held: map[kind]chan struct{}{}, asked: map[kind]int{}, awaited: map[kind]int{},
	}
}

// fail answers every question with an error from now on, or no longer with nil.
func (e *executions) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fails = err
}

// answer answers a kind with a chain of these steps.
func (e *executions) answer(k kind, steps ...*targetsv1.TargetSnapshot) {
	e.put(k, &executionsv1.ResolvedEvents{Chain: &dispatchv1.Chain{Condition: "event/" + k.eventType, Steps: steps}})
}

// refuse answers that there cannot be such events.
func (e *executions) refuse(k kind, problem string) {
	e.put(k, &executionsv1.ResolvedEvents{Problem: problem})
}

func (e *executions) put(k kind, answer *executionsv1.ResolvedEvents) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answers[k] = answer
}

// hold keeps the chain of a kind from being at hand until it is released, at the
// latest when the test ends. Whoever waits for it does until then.
func (e *executions) hold(t testing.TB, k kind) (release func()) {
	t.Helper()
	c := make(chan struct{})
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held[k] = c
	release = sync.OnceFunc(func() { close(c) })
	t.Cleanup(release)
	return release
}

// questions is how often a kind was asked for, and how often somebody waited.
func (e *executions) questions(k kind) (asked, awaited int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked[k], e.awaited[k]
}

// ResolveEvents answers as it was told.
func (e *executions) ResolveEvents(ctx context.Context, in *executionsv1.ResolveEventsRequest) (*executionsv1.ResolveEventsResponse, error) {
	out := &executionsv1.ResolveEventsResponse{}
	for _, asked := range in.GetKinds() {
		k := kind{asked.GetTenantId(), asked.GetType()}
		held, err := e.question(k, in.GetWait())
		if err != nil {
			return nil, err
		}
		if held != nil && !in.GetWait() {
			out.Kinds = append(out.Kinds, &executionsv1.ResolvedEvents{Pending: true})
			continue
		}
		if held != nil {
			select {
			case <-held:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		out.Kinds = append(out.Kinds, e.resolved(k))
	}
	return out, nil
}

// question counts one, and returns what it has to wait for, if anything.
func (e *executions) question(k kind, wait bool) (held chan struct{}, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked[k]++
	if wait {
		e.awaited[k]++
	}
	held = e.held[k]
	select {
	case <-held:
		held = nil
	default:
	}
	return held, e.fails
}

func (e *executions) resolved(k kind) *executionsv1.ResolvedEvents {
	e.mu.Lock()
	defer e.mu.Unlock()
	if answer := e.answers[k]; answer != nil {
		return answer
	}
	return &executionsv1.ResolvedEvents{Chain: &dispatchv1.Chain{}}
}

// waited waits until all these kinds have been waited for.
func (e *executions) waited(t *testing.T, kinds ...kind) {
	t.Helper()
	eventually(t, "every chain to be waited for", func() bool {
		return !slices.ContainsFunc(kinds, func(k kind) bool {
			_, awaited := e.questions(k)
			return awaited == 0
		})
	})
}
