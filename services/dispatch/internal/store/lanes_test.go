package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/fairness"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
	"github.com/actionplane/actionplane/services/dispatch/internal/store/migrations"
)

// TestDue_OneWithMuchDoesNotHideOneWithLittle: the latest delivery of all is
// seen although hundreds are due before it, and is claimed at once.
func TestDue_OneWithMuchDoesNotHideOneWithLittle(t *testing.T) {
	t.Parallel()
	s := store.New(pgtest.New(t, "dispatch", migrations.FS), nil)
	var runs []run.Run
	for i := range 600 {
		runs = append(runs, event(run.ID(i+1), fmt.Sprint(i), delivery.Scheduled))
	}
	small := event(1000, "small", delivery.Scheduled)
	small.Tenant, small.Deliveries[0].Tenant, small.Deliveries[0].TargetID = "another", "another", "2"
	if err := s.CreateRuns(t.Context(), append(runs, small)); err != nil {
		t.Fatal(err)
	}
	lanes, next, err := s.Due(t.Context(), fairness.Lane{})
	if err != nil || len(lanes) != 2 || lanes[0].Due != 64 || lanes[1].Due != 1 || next != (fairness.Lane{}) {
		t.Fatalf("got %v, %v, %v", lanes, next, err)
	}
	claimed, err := s.Claim(t.Context(), []fairness.Take{{Tenant: "another", Target: "2", N: 9}, {Tenant: tenantID, Target: "1", N: 3}}, time.Hour)
	if err != nil || len(claimed) != 4 {
		t.Fatalf("got %d, %v", len(claimed), err)
	}
	if err := s.PutOff(t.Context(), tenantID, "1", time.Hour); err != nil {
		t.Fatal(err)
	}
	if lanes, _, err = s.Due(t.Context(), fairness.Lane{}); err != nil || len(lanes) != 0 {
		t.Fatalf("put off, and still due: %v, %v", lanes, err)
	}
}
