package main

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/libs/sdk"
)

// patience is how long a test waits for what must happen; nothing is asserted
// of how long it takes.
const patience = 90 * time.Second

// TestStory tells one story in both shapes, through the public API and the SDK
// and nothing else: what holds in one process must hold with a process per
// service, two replicas of each.
func TestStory(t *testing.T) {
	t.Parallel()
	for _, shape := range []struct {
		name  string
		start func(*testing.T) *house
	}{
		{"AllInOne", startInProcess},
		{"ProcessPerService", startProcesses},
	} {
		t.Run(shape.name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			h := shape.start(t)
			started := time.Since(begin)
			story(t, h)
			t.Logf("up after %s, told after %s", started.Round(time.Millisecond), time.Since(begin).Round(time.Millisecond))
		})
	}
}

// storyteller has what the chapters share.
type storyteller struct {
	*house
	api      *api
	sdk      *sdk.Client
	receiver *receiver
	stranger *stranger // a service that answers on a NATS subject
	nats     *nats.Conn

	action                         string // id
	audit, policy, script, subject target
}

// story tells the chapters in order; each builds on those before.
func story(t *testing.T, h *house) {
	s := &storyteller{house: h, api: newAPI(h), receiver: startReceiver(t), sdk: h.connectSDK(t), nats: h.connectNATS(t)}
	s.stranger = startStranger(t, s.nats)
	for _, chapter := range []struct {
		name string
		tell func(*testing.T)
	}{
		{"NobodyComesInWithoutAToken", s.noToken},
		{"AnOperatorSetsUp", s.setUp},
		{"ARequestPassesTheChainInOrder", s.request},
		{"TheServicesExecutionTakesItsOtherMethods", s.service},
		{"AnEmptyExecutionShadowsBroaderOnes", s.noop},
		{"AResponseCanBeChanged", s.response},
		{"AFunctionCollects", s.function},
		{"AVetoReachesTheCaller", s.veto},
		{"AFailureInterrupts", s.interrupt},
		{"AFailureThatDoesNotInterruptIsPassedOver", s.passOver},
		{"EveryProtocolSpeaks", s.protocols},
		{"AnEventArrivesAfterOne503", s.event},
		{"AStrangerPublishesJSON", s.strangersEvent},
		{"AuthorsScriptsRunAndAreSeen", s.scripts},
		{"OneTraceShowsAllOfItsWay", s.traces},
		{"ApprovalsHaveSettings", s.approvals},
		{"TheDocumentsRequestsAreAnsweredAsPrinted", s.documents},
		{"TheReferencesExamplesWork", s.references},
		{"APatchedTargetIsInForce", s.patch},
		{"AKeyIsRotated", s.rotate},
		{"ADeletedTargetIsNotCalled", s.remove},
	} {
		if !t.Run(chapter.name, chapter.tell) {
			t.FailNow() // what follows would only repeat the failure
		}
	}
}

func (s *storyteller) noToken(t *testing.T) {
	for range s.urls {
		for _, token := range []string{"", "ap_guessed"} {
			status, body := s.api.as(token).do(t, http.MethodPost, targetsPath+"/_search", []object{})
			if status != http.StatusUnauthorized || body["code"] != 16.0 {
				t.Errorf("token %q: %d %v", token, status, body)
			}
		}
	}
}

// within returns a context that ends before the test's patience does.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// await calls f until it reports true. What it did last is in f's own log.
func await(t *testing.T, what string, f func() bool) {
	t.Helper()
	awaitWithin(t, patience, what, f)
}

func awaitWithin(t *testing.T, patience time.Duration, what string, f func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}
