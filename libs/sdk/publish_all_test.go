package sdk_test

import (
	"errors"
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
