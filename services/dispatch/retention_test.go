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
		id := run.ID(ident.Of(time.Now().Add(-time.Hour), uint64(n)))
		if err := s.CreateRuns(t.Context(), []run.Run{{ID: id, Tenant: string(tenant.Default), TriggerKind: run.TriggerRequest, CreatedAt: time.Now()}}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "what has expired to be deleted", func() bool {
			_, err := h.runs.GetRun(t.Context(), &actionplanev1.GetRunRequest{Id: id.String()})
			return fault.CodeOf(err) == fault.CodeNotFound && strings.Contains(err.Error(), "or not any more: what succeeded is kept for 1µs")
		})
	}
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
			release, waiting := func() {}, 0
			if stream.MaxAge == 0 {
				release, waiting = h.executions.hold(t, kindOf("waiting")), 1
				h.publish(t, "waiting")
			}
			pool := h.open(t)
			t.Cleanup(pool.Close)
			s := store.New(pool, nil)
			h.start(t, forgetful())
			h.start(t, forgetful())
			url, got := receiver(t, ok)
			h.publish(t, "event", target("1", url, webhook, false))
			<-got
			h.handled(t, waiting)
			first := h.run(t, "event").GetId()
			for i := range 2 {
				h.swept(t, s)
				h.publish(t, "event", target("1", url, webhook, false))
				h.handled(t, waiting)
				if kept := h.run(t, "event").GetId(); kept != first || len(got) != 0 {
					t.Fatalf("round %d: run %s kept: %q; sent again: %d", i, first, kept, len(got))
				}
			}
			if waiting == 0 {
				return
			}
			release()
			eventually(t, "the run to be deleted", func() bool { return h.run(t, "event") == nil })
		})
	}
}
