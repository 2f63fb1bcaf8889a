package executions_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

// publisher is a service that speaks NATS and uses no library of ours.
func publisher(t *testing.T, w *world) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(w.server.Server))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func publish(t *testing.T, js jetstream.JetStream, subject string, header nats.Header, data []byte) *jetstream.PubAck {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ack, err := js.PublishMsg(ctx, &nats.Msg{Subject: subject, Header: header, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	return ack
}

func encode(t *testing.T, event *eventsv1.Event) []byte {
	t.Helper()
	data, err := proto.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// handled waits until no event waits or is in hand.
func handled(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	eventually(t, "every event is handled", func() bool {
		s, err := js.Stream(t.Context(), contract.EventsStream)
		return err == nil && s.CachedInfo().State.Msgs == 0
	})
}

func TestEventMakesOneRun(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	w.targets.put("1", "2")
	runs, js := w.runs(t), publisher(t, w)
	ctx := as(t)
	w.set(ctx, t, "event/user.human.*", "2", "1")
	subject := contract.EventSubject(tenantOf(ctx), "user.human.added")
	asJSON := nats.Header{"Content-Type": {"application/json; charset=utf-8"}}
	payload := `{ "userName" : "é", "n":1.50,"html":"<&>" }`

	t.Run("InProtobuf", func(t *testing.T) {
		created := timestamppb.New(time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC))
		sent := &eventsv1.Event{
			Id: "e1", Type: "user.human.added", OrganizationId: "o1", OrderingKey: "u1", Payload: []byte(payload), UserId: "u",
			AggregateId: "a", AggregateType: "user", Sequence: 7, Version: "v1", CreatedAt: created,
		}
		publish(t, js, subject, nil, encode(t, sent))
		got := receive(t, runs)
		if !proto.Equal(got.GetEvent(), sent) {
			t.Errorf("got %v, want %v", got.GetEvent(), sent)
		}
		if got.messageID != tenantOf(ctx)+"/e1" || got.tenant != tenantOf(ctx) || got.GetRunId() == "" || got.GetPublishedAt() == nil {
			t.Errorf("message %q of tenant %q, run %q, published %v", got.messageID, got.tenant, got.GetRunId(), got.GetPublishedAt())
		}
		if got.GetChain().GetCondition() != "event/user.human.*" || !slices.Equal(got.targets(), []string{"2", "1"}) {
			t.Errorf("chain %v", got.GetChain())
		}
	})
	t.Run("InJSONWithItsPayloadByteForByte", func(t *testing.T) {
		publish(t, js, subject, asJSON, []byte(`{"id":"e2","organizationId":"o1","payload":`+payload+`}`))
		got := receive(t, runs).GetEvent()
		if got.GetId() != "e2" || got.GetOrganizationId() != "o1" || string(got.GetPayload()) != payload || got.GetType() != "user.human.added" {
			t.Errorf("got %v", got)
		}
		if got.GetCreatedAt() == nil {
			t.Error("no time of creation")
		}
	})
	t.Run("TheSubjectHasTheLastWordOnTheType", func(t *testing.T) {
		publish(t, js, subject, nil, encode(t, &eventsv1.Event{Id: "e3", Type: "org.removed"}))
		if got := receive(t, runs).GetEvent(); got.GetType() != "user.human.added" {
			t.Errorf("got %v", got)
		}
	})
	t.Run("MessageIDStandsForAMissingID", func(t *testing.T) {
		publish(t, js, subject, nats.Header{"Nats-Msg-Id": {contract.EventMessageID(tenantOf(ctx), "e4")}}, nil)
		publish(t, js, subject, nats.Header{"Nats-Msg-Id": {"e5"}}, nil)
		ids := []string{receive(t, runs).GetEvent().GetId(), receive(t, runs).GetEvent().GetId()}
		if slices.Sort(ids); !slices.Equal(ids, []string{"e4", "e5"}) {
			t.Errorf("ids %v", ids)
		}
	})
	t.Run("SequenceStandsForBoth", func(t *testing.T) {
		ack := publish(t, js, subject, nil, nil)
		got := receive(t, runs)
		if want := "seq-" + itoa(ack.Sequence); got.GetEvent().GetId() != want || got.messageID != tenantOf(ctx)+"/"+want {
			t.Errorf("id %q, message %q, want %q", got.GetEvent().GetId(), got.messageID, want)
		}
	})
	t.Run("AgainAfterACrashMakesNoSecondRun", func(t *testing.T) {
		publish(t, js, subject, nil, encode(t, &eventsv1.Event{Id: "e1"}))
		publish(t, js, subject, nil, encode(t, &eventsv1.Event{Id: "e6"}))
		if got := receive(t, runs).GetEvent().GetId(); got != "e6" {
			t.Errorf("a second run of %s", got)
		}
	})
	handled(t, js)
	if len(runs) > 0 {
		t.Errorf("one run more: %v", <-runs)
	}
}

func itoa(n uint64) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

func TestEventThatCannotBeReadIsRefusedOnce(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	w.targets.put("1")
	runs, js := w.runs(t), publisher(t, w)
	ctx := as(t)
	w.set(ctx, t, "event", "1")
	bad := []struct {
		eventType string
		header    nats.Header
		data      string
	}{
		{"user.added", nil, "\xff\xff"},
		{"user.added", nats.Header{"Content-Type": {"application/json"}}, "{"},
		{"user.added", nats.Header{"Content-Type": {"application/json"}}, `{"payload":[1]}`},
		{"user.added", nil, string(encode(t, &eventsv1.Event{Payload: []byte(`"text"`)}))},
		{"user.added", nil, string(encode(t, &eventsv1.Event{Payload: []byte(`{"a":`)}))},
		{"user/added", nil, ""},
		{"user.\x00", nil, ""},
		{"user.\xff", nil, ""},
		{strings.Repeat("x", 1001), nil, ""},
	}
	for _, b := range bad {
		publish(t, js, contract.EventSubject(tenantOf(ctx), b.eventType), b.header, []byte(b.data))
	}
	publish(t, js, contract.EventSubject("\xff", "user.added"), nil, nil)
	publish(t, js, contract.EventSubject("notype", "")[:len(contract.EventSubject("notype", ""))-1], nil, nil)
	handled(t, js)
	if n := w.log.count("bus.message_refused"); n != len(bad)+2 {
		t.Errorf("%d refusals of %d", n, len(bad)+2)
	}
	if n := w.log.count("bus.message_failed"); n != 0 {
		t.Errorf("%d would have been tried again", n)
	}
	if len(runs) > 0 {
		t.Errorf("a run of %v", <-runs)
	}
}

func TestEventNobodyWaitsForIsDone(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	w.targets.put("1")
	runs, js := w.runs(t), publisher(t, w)
	ctx := as(t)
	w.set(ctx, t, "event", "1")
	w.set(ctx, t, "event/user.*") // noop
	publish(t, js, contract.EventSubject(tenantOf(ctx), "user.added"), nil, nil)
	publish(t, js, contract.EventSubject("another", "user.added"), nil, nil)
	handled(t, js)
	if len(runs) > 0 {
		t.Errorf("a run of %v", <-runs)
	}
}

func TestEventsWaitForDispatch(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	w.targets.put("1")
	js := publisher(t, w)
	ctx := as(t)
	w.set(ctx, t, "event", "1")
	publish(t, js, contract.EventSubject(tenantOf(ctx), "user.added"), nil, encode(t, &eventsv1.Event{Id: "e1"}))
	eventually(t, "the event was tried without RUNS", func() bool { return w.log.count("bus.message_failed") > 0 })
	runs := w.runs(t)
	if got := receive(t, runs).GetEvent().GetId(); got != "e1" {
		t.Fatalf("a run of %s", got)
	}
	handled(t, js)
}

func TestEventsWaitForTargets(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	w.targets.put("1")
	runs, js := w.runs(t), publisher(t, w)
	ctx := as(t)
	w.set(ctx, t, "event", "1")
	w.targets.setAway(true)
	publish(t, js, contract.EventSubject(tenantOf(ctx), "user.added"), nil, nil)
	eventually(t, "the event was tried without targets", func() bool { return w.log.count("bus.message_failed") > 0 })
	w.targets.setAway(false)
	receive(t, runs)
}

func TestPublishEvent(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	w.targets.put("1")
	runs := w.runs(t)
	send := func(ctx context.Context, e *eventsv1.Event) (string, error) {
		out, err := w.events.PublishEvent(ctx, &actionplanev1.PublishEventRequest{Event: e})
		return out.GetId(), err
	}
	// One after the other: they share the stream of runs.
	t.Run("IsStoredAndRun", func(t *testing.T) {
		ctx := as(t)
		w.set(ctx, t, "event", "1")
		id, err := send(ctx, &eventsv1.Event{Id: "e1", Type: "user.added", Payload: []byte(`{"a": 1}`)})
		if err != nil || id != "e1" {
			t.Fatal(id, err)
		}
		got := receive(t, runs).GetEvent()
		if got.GetId() != "e1" || string(got.GetPayload()) != `{"a": 1}` || got.GetCreatedAt() == nil {
			t.Fatalf("got %v", got)
		}
	})
	t.Run("GivesAnID", func(t *testing.T) {
		ctx := as(t)
		w.set(ctx, t, "event", "1")
		id, err := send(ctx, &eventsv1.Event{Type: "user.added"})
		if err != nil || id == "" {
			t.Fatal(id, err)
		}
		if got := receive(t, runs).GetEvent().GetId(); got != id {
			t.Fatalf("answered %s, ran %s", id, got)
		}
	})
	t.Run("TheSameIDTwiceRunsOnceAndOncePerTenant", func(t *testing.T) {
		one, two := as(t), as(t)
		w.set(one, t, "event", "1")
		w.set(two, t, "event", "1")
		for _, ctx := range []context.Context{one, one, two} {
			if _, err := send(ctx, &eventsv1.Event{Id: "42", Type: "user.added"}); err != nil {
				t.Fatal(err)
			}
		}
		tenants := []string{receive(t, runs).tenant, receive(t, runs).tenant}
		want := []string{tenantOf(one), tenantOf(two)}
		slices.Sort(tenants)
		slices.Sort(want)
		if !slices.Equal(tenants, want) {
			t.Fatalf("ran for %v, want %v", tenants, want)
		}
	})
	t.Run("RefusesWhatNobodyCouldListenTo", func(t *testing.T) {
		for _, e := range []*eventsv1.Event{
			nil, {}, {Type: "a..b"}, {Type: "a/b"}, {Type: "a.*"}, {Type: "a", Id: "1.2"},
			{Type: "a", Payload: []byte(`[]`)}, {Type: "a", Payload: []byte(`{`)}, {Type: "a\u200b"},
		} {
			if _, err := send(as(t), e); fault.CodeOf(err) != fault.CodeInvalid {
				t.Errorf("%v: got %v", e, err)
			}
		}
	})
	if len(runs) > 0 {
		t.Errorf("one run more: %v", <-runs)
	}
}
