package dispatch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
)

func TestEvents_NobodyWaitsForAreDone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.start(t, quick())
	h.publish(t, "noop")
	h.announce(t, kind{"another", "nothing.answers"}, &eventsv1.Event{Id: "unknown"})
	h.handled(t, 0)
	if r := h.run(t, "noop"); r != nil || len(h.runsOf(t, "another", "unknown")) != 0 {
		t.Errorf("got %v", r)
	}
}

func TestEvents_ThatWaitForTheirChainHoldNobodyUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, _ := receiver(t, ok)
	release := h.executions.hold(t, kindOf("slow"))
	h.publish(t, "slow", target("1", url, webhook, false))
	together := h.publish(t, "together", target("1", url, webhook, false))
	h.start(t, quick())
	h.settled(t, together)
	h.executions.waited(t, kindOf("slow"))
	h.settled(t, h.publish(t, "behind", target("1", url, webhook, false)))
	if _, awaited := h.executions.questions(kindOf("slow")); awaited != 1 || h.run(t, "slow") != nil {
		t.Errorf("the others waited for %d questions; run %v", awaited, h.run(t, "slow"))
	}
	release()
	if s := story(h.settled(t, "slow")); !slices.Equal(s, []string{"SUCCEEDED 1:succeeded/200"}) {
		t.Errorf("got %q", s)
	}
}

func TestEvents_ThatAreRefusedAreTriedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.start(t, quick())
	h.executions.refuse(kindOf("bad"), "must not be bad")
	h.executions.refuse(kindOf("slow"), "must not be slow")
	release := h.executions.hold(t, kindOf("slow"))
	for _, id := range []string{"bad", "slow"} {
		h.announce(t, kindOf(id), &eventsv1.Event{Id: id})
	}
	h.announce(t, kindOf("unreadable"), &eventsv1.Event{Id: "unreadable", Payload: []byte("[]")})
	h.handled(t, 1)
	h.executions.waited(t, kindOf("slow"))
	release()
	h.handled(t, 0)
	for id, want := range map[string][2]int{"bad": {1, 0}, "slow": {2, 1}, "unreadable": {0, 0}} {
		if asked, awaited := h.executions.questions(kindOf(id)); [2]int{asked, awaited} != want || h.run(t, id) != nil {
			t.Errorf("%s was asked for %d times, waited for %d times; run %v", id, asked, awaited, h.run(t, id))
		}
	}
}

func TestEvents_WaitForExecutions(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"ThatIsAway":               fault.Unavailable("not today"),
		"ThatRefusesTheQuestion":   fault.Invalid("kinds: too many"),
		"ThatDoesNotKnowQuestions": fault.New(fault.CodeUnimplemented, "no such method"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.start(t, quick())
			url, got := receiver(t, ok)
			h.executions.fail(err)
			for i := range 5 {
				h.publish(t, fmt.Sprint(i), target("1", url, webhook, false))
			}
			eventually(t, "all to come again", func() bool { return h.redelivered(t) == 5 })
			if len(got) != 0 {
				t.Error("something was sent")
			}
			h.executions.fail(nil)
			for i := range 5 {
				if s := story(h.settled(t, fmt.Sprint(i))); !slices.Equal(s, []string{"SUCCEEDED 1:succeeded/200"}) {
					t.Errorf("got %q", s)
				}
			}
			h.handled(t, 0)
			if len(got) != 5 {
				t.Errorf("%d calls", len(got))
			}
		})
	}
}

// TestEvents_OfManyKindsAndTenants are answered by their own chains, those at
// hand and those that are waited for.
func TestEvents_OfManyKindsAndTenants(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, got := receiver(t, ok)
	const tenants, types, each = 3, 4, 5
	of := func(n int) tenant.ID { return tenant.ID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n+1)) }
	for i := range each { // before anybody takes them, so that they come together
		for n := range tenants {
			for m := range types {
				k := kind{string(of(n)), fmt.Sprintf("type.%d", m)}
				if i == 0 {
					h.executions.answer(k, target("1", fmt.Sprintf("%s/%s/%s", url, k.tenant, k.eventType), webhook, false))
				}
				if i == 0 && m == 1 {
					h.executions.hold(t, k)()
				}
				h.announce(t, k, &eventsv1.Event{Id: fmt.Sprintf("%s-%d", k.eventType, i), OrganizationId: "o"})
			}
		}
	}
	h.start(t, quick())
	for n := range tenants {
		for m := range types {
			for i := range each {
				id := fmt.Sprintf("type.%d-%d", m, i)
				eventually(t, id+" to have its run", func() bool { return len(h.runsOf(t, of(n), id)) == 1 })
				if r := h.runsOf(t, of(n), id)[0]; r.GetCondition() != fmt.Sprintf("event/type.%d", m) {
					t.Errorf("got %v", r)
				}
			}
		}
	}
	paths := map[string]int{}
	for range tenants * types * each {
		r := <-got
		paths[r.path]++
		_, rest, _ := strings.Cut(r.path, "/")
		tenantID, eventType, _ := strings.Cut(rest, "/")
		if !strings.Contains(r.body, `"instanceID":"`+tenantID+`"`) || !strings.Contains(r.body, `"event_type":"`+eventType+`"`) || !strings.Contains(r.body, `"resourceOwner":"o"`) {
			t.Errorf("%s got %s", r.path, r.body)
		}
	}
	for path, n := range paths {
		if n != each {
			t.Errorf("%s got %d", path, n)
		}
	}
	h.handled(t, 0)
	if len(paths) != tenants*types || len(got) != 0 {
		t.Errorf("%d targets were called, %d times more", len(paths), len(got))
	}
}

// TestEvents_InOneMessage are events like any others: each has its run, what is
// refused is refused alone, and where one has to come again all do, to find the
// others done.
func TestEvents_InOneMessage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.start(t, quick())
	url, got := receiver(t, ok)
	k := kind{string(tenant.Default), "bulk.import"}
	h.executions.answer(k, target("1", url, webhook, false))
	h.announce(t, k, &eventsv1.Event{Id: "known"})
	h.settled(t, "known")
	<-got
	batch := &eventsv1.EventBatch{Events: []*eventsv1.Event{{Id: "first"}, {Id: "malformed", Payload: []byte("[]")}, {Id: "known"}, {}}}
	h.announceBatch(t, k, "b", batch)
	ids := map[string]bool{}
	for _, id := range []string{"first", "b-3"} {
		if s := story(h.settled(t, id)); !slices.Equal(s, []string{"SUCCEEDED 1:succeeded/200"}) {
			t.Errorf("%s: %q", id, s)
		}
		ids[(<-got).header.Get("webhook-id")] = true
	}
	h.handled(t, 0)
	if len(ids) != 2 || len(got) != 0 || h.run(t, "malformed") != nil {
		t.Errorf("delivered as %v, and %d more", ids, len(got))
	}

	h.executions.fail(fault.Unavailable("not today"))
	h.announceBatch(t, k, "again", &eventsv1.EventBatch{Events: []*eventsv1.Event{{Id: "first"}, {Id: "second"}}})
	eventually(t, "the batch to come again", func() bool { return h.redelivered(t) == 1 })
	h.executions.fail(nil)
	h.settled(t, "second")
	h.handled(t, 0)
	if len(got) != 1 {
		t.Errorf("%d calls", len(got))
	}
	h.announceBatch(t, k, "none", &eventsv1.EventBatch{})
	h.handled(t, 0)
}

// announceBatch puts several events into their stream as one message.
func (h *house) announceBatch(t testing.TB, k kind, id string, batch *eventsv1.EventBatch) {
	t.Helper()
	data, err := proto.Marshal(batch)
	if err != nil {
		t.Fatal(err)
	}
	header := map[string][]string{contract.HeaderEvents: {fmt.Sprint(len(batch.GetEvents()))}}
	if err := h.conn.Publish(t.Context(), contract.EventSubject(k.tenant, k.eventType), k.tenant+"/"+id, header, data); err != nil {
		t.Fatal(err)
	}
}
