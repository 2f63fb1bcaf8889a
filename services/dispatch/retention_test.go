package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch"
	"github.com/actionplane/actionplane/services/dispatch/internal/retention"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
)

// forgetful keeps nothing for longer than it must.
func forgetful() dispatch.Config {
	cfg := quick()
	cfg.Retention = retention.Policy{Succeeded: time.Microsecond, DeadLetters: time.Microsecond, Hooks: time.Microsecond}
	cfg.RetentionPoll = 5 * time.Millisecond
	return cfg
}

// swept waits until whatever had expired before is deleted, which a hook's run
// of long ago tells.
func (h *house) swept(t *testing.T, s *store.Store) {
	t.Helper()
	for n := range 2 { // the sweep that was under way may have begun before
		text := ident.Of(time.Now().Add(-time.Hour), uint64(n))
		id, err := run.ParseID(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CreateRuns(t.Context(), []run.Run{{ID: id, Tenant: string(tenant.Default), TriggerKind: run.TriggerRequest, CreatedAt: time.Now()}}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "what has expired to be deleted", func() bool {
			_, err := h.runs.GetRun(t.Context(), &actionplanev1.GetRunRequest{Id: text})
			return fault.CodeOf(err) == fault.CodeNotFound && strings.Contains(err.Error(), "or not any more: what succeeded is kept for 1µs")
		})
	}
}

// kept reports whether a run is there.
func (h *house) kept(t *testing.T, id string) bool {
	t.Helper()
	_, err := h.runs.GetRun(t.Context(), &actionplanev1.GetRunRequest{Id: id})
	if err != nil && fault.CodeOf(err) != fault.CodeNotFound {
		t.Fatal(err)
	}
	return err == nil
}

// TestRetention: an event is not sent again for as long as it may come again,
// however short its run is to be kept.
func TestRetention(t *testing.T) {
	t.Parallel()
	for name, stream := range map[string]bus.Stream{
		"AsLongAsTheStreamKeepsEvents": {MaxAge: time.Hour},
		"AsLongAsItLiesInTheStream":    {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			stream.Name, stream.Subjects, stream.WorkQueue = contract.EventsStream, []string{contract.EventSubjects}, true
			if err := h.conn.EnsureStream(t.Context(), stream); err != nil {
				t.Fatal(err)
			}
			var e event
			if stream.MaxAge == 0 {
				e = h.take(t, []string{""})[0]
			}
			pool := h.open(t)
			t.Cleanup(pool.Close)
			s := store.New(pool, nil)
			h.start(t, forgetful())
			h.start(t, forgetful())
			url, got := receiver(t, ok)
			first := h.publish(t, "event", target("1", url, webhook, false))
			<-got
			h.handled(t)
			for i := range 2 {
				h.swept(t, s)
				again := h.publish(t, "event", target("1", url, webhook, false))
				h.handled(t)
				if !h.kept(t, first) || h.kept(t, again) || len(got) != 0 {
					t.Fatalf("round %d: run %s kept: %t; sent again as %s: %d", i, first, h.kept(t, first), again, len(got))
				}
			}
			if stream.MaxAge != 0 {
				return
			}
			if err := e.msg.Ack(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the run to be deleted", func() bool { return !h.kept(t, first) })
		})
	}
}
