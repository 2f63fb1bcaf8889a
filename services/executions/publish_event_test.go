package executions_test

import (
	"context"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

func TestPublishEvent(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	events := w.published(t)
	send := func(ctx context.Context, e *eventsv1.Event) (string, error) {
		out, err := w.events.PublishEvent(ctx, &actionplanev1.PublishEventRequest{Event: e})
		return out.GetId(), err
	}
	// One after the other: they share the stream.
	t.Run("IsStored", func(t *testing.T) {
		ctx := as(t)
		id, err := send(ctx, &eventsv1.Event{Id: "e1", Type: "user.added", Payload: []byte(`{"a": 1}`)})
		if err != nil || id != "e1" {
			t.Fatal(id, err)
		}
		got := receive(t, events)
		if got.GetId() != "e1" || string(got.GetPayload()) != `{"a": 1}` || got.GetCreatedAt() == nil {
			t.Errorf("got %v", got.Event)
		}
		if got.subject != contract.EventSubject(tenantOf(ctx), "user.added") || got.messageID != contract.EventMessageID(tenantOf(ctx), "e1") {
			t.Errorf("subject %s, message %s", got.subject, got.messageID)
		}
	})
	t.Run("GivesAnID", func(t *testing.T) {
		id, err := send(as(t), &eventsv1.Event{Type: "user.added"})
		if err != nil || id == "" {
			t.Fatal(id, err)
		}
		if got := receive(t, events).GetId(); got != id {
			t.Errorf("answered %s, stored %s", id, got)
		}
	})
	t.Run("TheSameIDTwiceIsStoredOnceAndOncePerTenant", func(t *testing.T) {
		one, two := as(t), as(t)
		for _, ctx := range []context.Context{one, one, two} {
			if _, err := send(ctx, &eventsv1.Event{Id: "42", Type: "user.added"}); err != nil {
				t.Fatal(err)
			}
		}
		for _, ctx := range []context.Context{one, two} {
			if got := receive(t, events).subject; got != contract.EventSubject(tenantOf(ctx), "user.added") {
				t.Errorf("stored for %s, want tenant %s", got, tenantOf(ctx))
			}
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
		id, err := send(as(t), &eventsv1.Event{Type: "a"})
		if err != nil {
			t.Fatal(err)
		}
		if got := receive(t, events); got.GetId() != id {
			t.Errorf("one more is stored: %v", got.Event)
		}
	})
}
