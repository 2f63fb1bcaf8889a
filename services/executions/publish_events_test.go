package executions_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/executions"
)

func TestPublishEvents(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	events := w.published(t)

	t.Run("TakesAllInTheirOrderOnce", func(t *testing.T) {
		ctx := as(t)
		in := &actionplanev1.PublishEventsRequest{}
		for i := range 1000 {
			in.Events = append(in.Events, &eventsv1.Event{Type: "a.b", Sequence: uint64(i), Attributes: map[string]string{"source": "/shop"}})
			if i%2 == 0 {
				in.Events[i].Id = "e" + strconv.Itoa(i)
			}
		}
		out, err := w.events.PublishEvents(ctx, in)
		if err != nil || len(out.GetIds()) != 1000 {
			t.Fatalf("%d ids, %v", len(out.GetIds()), err)
		}
		for i, id := range out.GetIds() { // with their ids it is harmless
			if in.Events[i].GetId() != "" && in.Events[i].GetId() != id || id == "" {
				t.Fatalf("event %d has id %q", i, id)
			}
			in.Events[i].Id = id
		}
		if again, err := w.events.PublishEvents(ctx, in); err != nil || !slices.Equal(again.GetIds(), out.GetIds()) {
			t.Fatalf("again: %v", err)
		}
		for i, id := range out.GetIds() {
			got := receive(t, events)
			if got.GetSequence() != uint64(i) || got.GetId() != id || got.GetAttributes()["source"] != "/shop" || got.GetCreatedAt() == nil {
				t.Fatalf("event %d, %s, came as %v", i, id, got.Event)
			}
		}
	})
	t.Run("AnInvalidEventIsNamedAndNothingIsTaken", func(t *testing.T) {
		ctx := as(t)
		valid := func() *eventsv1.Event { return &eventsv1.Event{Type: "a"} }
		for field, bad := range map[string][]*eventsv1.Event{
			"events[1].type":           {valid(), {Type: "a..b"}},
			"events[2].type":           {valid(), valid(), {}},
			"events[0].type":           {{Type: "a/b"}, valid()},
			"events[1].payload":        {valid(), {Type: "a", Payload: []byte(`[]`)}},
			"events[1].id":             {{Type: "a", Id: "1"}, {Type: "b", Id: "1"}},
			"events[0].id":             {{Type: "a", Id: "1.2"}},
			"events[0].attributes[\"B": {{Type: "a", Attributes: map[string]string{"B": "x"}}},
			"events":                   nil,
		} {
			_, err := w.events.PublishEvents(ctx, &actionplanev1.PublishEventsRequest{Events: bad})
			if fault.CodeOf(err) != fault.CodeInvalid || !strings.Contains(err.Error(), field) {
				t.Errorf("got %v, want %s", err, field)
			}
		}
		if _, err := w.events.PublishEvent(ctx, &actionplanev1.PublishEventRequest{Event: &eventsv1.Event{Id: "last", Type: "a"}}); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, events); got.GetId() != "last" {
			t.Errorf("taken: %v", got.Event)
		}
	})
}

// TestPublishEvents_ShareMessages: those that are known by an id of theirs, or have
// an order to keep, are alone; all come, in their order.
func TestPublishEvents_ShareMessages(t *testing.T) {
	t.Parallel()
	w := setup(t)
	cfg := executions.DefaultConfig()
	cfg.EventsPerMessage = 3
	w.start(t, cfg)
	events := w.published(t)
	in := []*eventsv1.Event{
		{Type: "a"}, {Type: "a"}, {Type: "a"}, {Type: "a"}, {Type: "b"}, {Type: "b", Id: "known"}, {Type: "b"}, {Type: "b"},
		{Type: "b", OrderingKey: "k"}, {Type: "b", Payload: []byte(`{"a":"` + strings.Repeat("x", 200<<10) + `"}`)}, {Type: "b"},
	}
	out, err := w.events.PublishEvents(as(t), &actionplanev1.PublishEventsRequest{Events: in})
	if err != nil || len(out.GetIds()) != len(in) || out.GetIds()[5] != "known" {
		t.Fatalf("got %v, %v", out, err)
	}
	messages := map[string]string{}
	var shared []string
	for i := range in {
		got := receive(t, events)
		if got.GetId() != out.GetIds()[i] || got.GetType() != in[i].GetType() || got.GetCreatedAt() == nil || !strings.HasSuffix(got.subject, "."+got.GetType()) {
			t.Fatalf("event %d, %s, came as %v on %s", i, out.GetIds()[i], got.Event, got.subject)
		}
		if messages[got.messageID] == "" {
			messages[got.messageID] = strconv.Itoa(len(messages) + 1)
		}
		shared = append(shared, messages[got.messageID])
	}
	if got := strings.Join(shared, " "); got != "1 1 1 2 3 4 5 5 6 7 8" {
		t.Errorf("in messages %s", got)
	}
}

func TestPublishEventsIsBounded(t *testing.T) {
	t.Parallel()
	w := setup(t)
	cfg := executions.DefaultConfig()
	cfg.EventBatchMaxCount, cfg.EventBatchMaxBytes, cfg.EventsMaxBytes = 3, 3000, 20_000
	w.start(t, cfg)
	events := func(n, size int) *actionplanev1.PublishEventsRequest {
		in := &actionplanev1.PublishEventsRequest{}
		for range n {
			in.Events = append(in.Events, &eventsv1.Event{Type: "a", Payload: []byte(`{"a":"` + strings.Repeat("x", size) + `"}`)})
		}
		return in
	}
	ctx := as(t)
	for text, in := range map[string]*actionplanev1.PublishEventsRequest{
		"events: at most 3": events(4, 0), "events[2]: with it the batch has more than 3000 bytes": events(3, 1200),
	} {
		if _, err := w.events.PublishEvents(ctx, in); fault.CodeOf(err) != fault.CodeInvalid || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want %q", err, text)
		}
	}
}
