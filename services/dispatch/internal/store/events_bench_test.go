package store_test

import (
	"fmt"
	"testing"

	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/doorman"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
	"github.com/actionplane/actionplane/services/dispatch/internal/store/migrations"
)

// BenchmarkKnownEvents is what it costs to ask, for each event, among 100,000
// runs: as many to a question as there are while much is going on, and one.
func BenchmarkKnownEvents(b *testing.B) {
	s := store.New(pgtest.New(b, "dispatch", migrations.FS), nil)
	const kept = 100_000
	for from := 0; from < kept; from += 1000 {
		runs := make([]run.Run, 1000)
		for i := range runs {
			runs[i] = event(run.ID(from+i+1), fmt.Sprintf("event-%d", from+i), delivery.Scheduled)
		}
		if err := s.CreateRuns(b.Context(), runs); err != nil {
			b.Fatal(err)
		}
	}
	for _, n := range []int{1, 32, 256} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			asked := make([]*doorman.Question, n)
			next := 0
			for b.Loop() {
				for i := range asked { // most are new
					next++
					asked[i] = &doorman.Question{Event: run.Event{Tenant: tenantID, ID: fmt.Sprintf("new-%d", next)}}
				}
				if err := s.KnownEvents(b.Context(), asked); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/event")
		})
	}
}
