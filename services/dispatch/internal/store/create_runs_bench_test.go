package store_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
	"github.com/actionplane/actionplane/services/dispatch/internal/store/migrations"
)

// delivered is the run of an event whose only step succeeded at once.
func delivered(n int) run.Run {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return run.Run{
		ID: run.ID(n), Tenant: tenantID, Condition: "event/user.human.added", TriggerKind: run.TriggerEvent, TriggerName: "user.human.added",
		EventID: fmt.Sprintf("%08x-0000-4000-8000-%012x", n*7919, n), Body: append([]byte(`{"text":"`), bytes.Repeat([]byte("a"), 1200)...), CreatedAt: now,
		Deliveries: []run.Delivery{{
			ID: run.DeliveryID(n), Run: run.ID(n), Tenant: tenantID, Position: 1, CreatedAt: now,
			Step: run.Step{TargetID: "123456789012345678", TargetName: "target 1", Kind: run.Webhook, Endpoint: "http://127.0.0.1:8080/hook",
				Timeout: 10 * time.Second, Version: 1},
			Delivery: delivery.Delivery{State: delivery.Succeeded, Attempt: 1, Changed: now},
			Attempts: []run.Attempt{{Number: 1, StartedAt: now, Duration: time.Millisecond, Outcome: delivery.OutcomeSucceeded, Status: 200}},
		}},
	}
}

// BenchmarkCreateRuns is what it costs to write down an event that is delivered:
// as many to a transaction as there are while much is going on, and one.
func BenchmarkCreateRuns(b *testing.B) {
	s := store.New(pgtest.New(b, "dispatch", migrations.FS), nil)
	made := 0
	for _, n := range []int{1, 32, 128, 256} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			runs, before := make([]run.Run, n), pgtest.Spent()
			for b.Loop() {
				for i := range runs {
					made++
					runs[i] = delivered(made)
				}
				if err := s.CreateRuns(b.Context(), runs); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((pgtest.Spent()-before).Microseconds())/float64(b.N*n), "db-µs/event")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/event")
		})
	}
}
