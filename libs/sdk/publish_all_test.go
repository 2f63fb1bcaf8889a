package sdk_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sdk/sdktest"
)

func TestPublishAll(t *testing.T) {
	t.Parallel()

	t.Run("StoresAllInTheirOrderOnce", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		client := a.Client(t)
		events := make([]sdk.Event, 2500)
		for i := range events {
			events[i] = sdk.Event{Type: "a.b", Sequence: uint64(i), Attributes: map[string]string{"source": "/shop"}}
		}
		events[7].ID = "e7"
		ids, err := client.PublishAll(t.Context(), events)
		if err != nil || len(ids) != len(events) || ids[7] != "e7" {
			t.Fatalf("%d ids, %v", len(ids), err)
		}
		for i := range events {
			events[i].ID = ids[i]
		}
		if again, err := client.PublishAll(t.Context(), events); err != nil || !slices.Equal(again, ids) {
			t.Fatal(err)
		}
		stored, _ := a.Events(t)
		if len(stored) != len(events) {
			t.Fatalf("stored %d", len(stored))
		}
		for i, e := range stored {
			if e.GetSequence() != uint64(i) || e.GetId() != ids[i] || e.GetAttributes()["source"] != "/shop" {
				t.Fatalf("at %d is %v", i, e)
			}
		}
	})
	t.Run("NamesAnInvalidEventAndStoresNone", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		client := a.Client(t)
		for _, bad := range []sdk.Event{{Type: "a..b"}, {Type: "a", User: "\xff"}, {Type: "a", Payload: []byte("[]")}} {
			_, err := client.PublishAll(t.Context(), []sdk.Event{{Type: "a"}, bad})
			if got := new(sdk.Error); !errors.As(err, &got) || got.Code != sdk.CodeInvalid || !strings.HasPrefix(got.Message, "events[1]: ") {
				t.Errorf("got %v", err)
			}
		}
		if stored, _ := a.Events(t); len(stored) != 0 {
			t.Errorf("stored %v", stored)
		}
	})
	t.Run("TellsTheIDsToPublishAgainWith", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		a.DropEvents(t)
		ids, err := a.Client(t).PublishAll(t.Context(), []sdk.Event{{Type: "a"}, {Type: "a", ID: "e1"}})
		if !sdk.Unavailable(err) || len(ids) != 2 || ids[0] == "" || ids[1] != "e1" {
			t.Errorf("got %v, %v", ids, err)
		}
	})
	t.Run("OfNothingIsNothing", func(t *testing.T) {
		t.Parallel()
		if ids, err := sdktest.Start(t, nil).Client(t).PublishAll(t.Context(), nil); err != nil || len(ids) != 0 {
			t.Errorf("got %v, %v", ids, err)
		}
	})
}

// TestPublishAll_InBatches: fewer messages, the same events, in their order and
// once.
func TestPublishAll_InBatches(t *testing.T) {
	t.Parallel()
	a := sdktest.Start(t, nil)
	client, err := sdk.New(a.Connect(t), sdk.Config{EventsPerMessage: 64})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if _, err := sdk.New(a.Connect(t), sdk.Config{EventsPerMessage: 65}); err == nil {
		t.Error("65 events go into a message")
	}
	var events []sdk.Event
	for i := range 100 {
		events = append(events, sdk.Event{ID: fmt.Sprint("e", i), Type: "a.b", Sequence: uint64(i)})
	}
	events = append(events,
		sdk.Event{ID: "other", Type: "c"}, sdk.Event{ID: "alone", Type: "a.b"},
		sdk.Event{ID: "k1", Type: "c", OrderingKey: "k"}, sdk.Event{ID: "k2", Type: "c", OrderingKey: "k"}, sdk.Event{Type: "c"}, sdk.Event{Type: "c"},
		sdk.Event{ID: "large", Type: "c", Payload: []byte(`{"a":"` + strings.Repeat("a", 300<<10) + `"}`)}, sdk.Event{ID: "behind", Type: "c"},
	)
	ids, err := client.PublishAll(t.Context(), events)
	if err != nil || len(ids) != len(events) {
		t.Fatalf("%d ids, %v", len(ids), err)
	}
	for i := range events {
		if events[i].ID != "" && events[i].ID != ids[i] {
			t.Errorf("event %q has id %q", events[i].ID, ids[i])
		}
		events[i].ID = ids[i]
	}
	if again, err := client.PublishAll(t.Context(), events); err != nil || !slices.Equal(again, ids) {
		t.Fatal(err)
	}
	stored, messages := a.Events(t)
	if len(stored) != len(events) {
		t.Fatalf("stored %d", len(stored))
	}
	for i, e := range stored {
		if e.GetId() != ids[i] || e.GetType() != events[i].Type || e.GetSequence() != events[i].Sequence || e.GetCreatedAt() == nil {
			t.Fatalf("at %d is %v", i, e)
		}
	}
	sizes := map[string]int{}
	for _, id := range messages {
		sizes[id]++
	}
	if messages = slices.Compact(messages); len(messages) != 9 {
		t.Errorf("in %d messages: %v", len(messages), sizes)
	}
	for i, want := range []int{64, 36, 1, 1, 1, 1, 2, 1, 1} {
		if got := sizes[messages[i]]; got != want {
			t.Errorf("message %d holds %d", i, got)
		}
	}
	for _, alone := range []string{"other", "alone", "k1", "k2", "large", "behind"} {
		if sizes[sdk.DefaultTenant+"/"+alone] != 1 {
			t.Errorf("%s is not known by its id", alone)
		}
	}
	bad := []sdk.Event{{Type: "a"}, {Type: "b"}, {Type: "b", User: "\xff"}, {Type: "b"}}
	if _, err := client.PublishAll(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "events[2]: ") {
		t.Errorf("got %v", err)
	}
}
