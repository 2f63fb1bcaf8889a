package sdk_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sdk/sdktest"
	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
)

func TestPublish(t *testing.T) {
	t.Parallel()

	t.Run("StoresTheWholeEvent", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		created := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
		id, err := a.Client(t).Publish(t.Context(), sdk.Event{
			ID: "e1", Type: "user.human.added", Payload: []byte(`{ "a":1.0 }`), OrderingKey: "k", Organization: "o", User: "u",
			AggregateID: "ag", AggregateType: "user", Version: "v1", Sequence: 3, CreatedAt: created,
		})
		if err != nil || id != "e1" {
			t.Fatal(id, err)
		}
		events, ids := a.Events(t)
		want := &eventsv1.Event{
			Id: "e1", Type: "user.human.added", Payload: []byte(`{ "a":1.0 }`), OrderingKey: "k", OrganizationId: "o", UserId: "u",
			AggregateId: "ag", AggregateType: "user", Version: "v1", Sequence: 3, CreatedAt: timestamppb.New(created),
		}
		if len(events) != 1 || !proto.Equal(events[0], want) || ids[0] != sdk.DefaultTenant+"/e1" {
			t.Fatalf("stored %v as %v", events, ids)
		}
	})
	t.Run("TheSameIDAgainIsStoredOnce", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		client := a.Client(t)
		for range 3 {
			if _, err := client.Publish(t.Context(), sdk.Event{ID: "e1", Type: "a"}); err != nil {
				t.Fatal(err)
			}
		}
		other, err := sdk.New(a.Connect(t), sdk.Config{Tenant: "t2"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Publish(t.Context(), sdk.Event{ID: "e1", Type: "a"}); err != nil {
			t.Fatal(err)
		}
		if events, ids := a.Events(t); len(events) != 2 {
			t.Fatalf("stored %v; want one for each tenant", ids)
		}
	})
	t.Run("GivesIDAndTime", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		client := a.Client(t)
		before := time.Now()
		first, err := client.Publish(t.Context(), sdk.Event{Type: "a"})
		if err != nil {
			t.Fatal(err)
		}
		second, err := client.Publish(t.Context(), sdk.Event{Type: "a"})
		if err != nil || first == "" || first == second {
			t.Fatalf("ids %q and %q, %v", first, second, err)
		}
		events, _ := a.Events(t)
		if got := events[0].GetCreatedAt().AsTime(); got.Before(before) || got.After(time.Now()) || events[0].GetId() != first {
			t.Fatalf("stored %v", events[0])
		}
	})
	t.Run("RefusesWhatNobodyCouldListenTo", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		client := a.Client(t)
		for _, e := range []sdk.Event{
			{}, {Type: "a..b"}, {Type: ".a"}, {Type: "a."}, {Type: "a.*"}, {Type: ">"}, {Type: "a b"}, {Type: "a/b"}, {Type: "a\x00"}, {Type: "a\xff"},
			{Type: "a\r\nPUB x"}, {Type: strings.Repeat("a", 1001)},
			{Type: "a", ID: "1.2"}, {Type: "a", ID: "1 2"}, {Type: "a", ID: "1\n2"}, {Type: "a", ID: strings.Repeat("1", 201)},
			{Type: "a", Payload: []byte(`[]`)}, {Type: "a", Payload: []byte(`{`)}, {Type: "a", Payload: []byte(`null`)}, {Type: "a", User: "\xff"},
		} {
			_, err := client.Publish(t.Context(), e)
			if got := new(sdk.Error); !errors.As(err, &got) || got.Code != sdk.CodeInvalid {
				t.Errorf("%+v: got %v", e, err)
			}
		}
		if events, _ := a.Events(t); len(events) != 0 {
			t.Errorf("stored %v", events)
		}
	})
	t.Run("WithoutAStreamIsUnavailable", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		a.DropEvents(t)
		if _, err := a.Client(t).Publish(t.Context(), sdk.Event{Type: "a"}); !sdk.Unavailable(err) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("AFullStreamSaysSo", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		js, err := jetstream.New(a.Connect(t))
		if err != nil {
			t.Fatal(err)
		}
		stream, err := js.Stream(t.Context(), contract.EventsStream)
		if err != nil {
			t.Fatal(err)
		}
		cfg := stream.CachedInfo().Config
		cfg.MaxBytes, cfg.Discard = 1, jetstream.DiscardNew
		if _, err := js.UpdateStream(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		_, err = a.Client(t).Publish(t.Context(), sdk.Event{Type: "a"})
		if got := new(sdk.Error); !errors.As(err, &got) || got.Code != sdk.CodeExhausted || !strings.Contains(got.Message, "full (maximum bytes exceeded)") {
			t.Fatalf("got %v", err)
		}
	})
}

func FuzzPublishRefusesOrIsUnderstood(f *testing.F) {
	a := sdktest.Start(f, nil)
	client := a.Client(f)
	for _, seed := range []string{"user.human.added", "a", "", "a..b", "*", "é.ü", "a\u200b", "a b", "\xff"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, eventType, id string) {
		_, err := client.Publish(t.Context(), sdk.Event{Type: eventType, ID: id})
		if got := new(sdk.Error); err != nil && (!errors.As(err, &got) || got.Code != sdk.CodeInvalid) {
			t.Fatalf("%q, %q: got %v", eventType, id, err)
		}
	})
}
