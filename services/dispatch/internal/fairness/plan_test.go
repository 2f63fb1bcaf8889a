package fairness_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/services/dispatch/internal/fairness"
)

func plenty(string, bool) int { return 1 << 20 }

func TestPlan(t *testing.T) {
	t.Parallel()
	t.Run("OneWithMuchDoesNotStarveOneWithLittle", func(t *testing.T) {
		t.Parallel()
		got := fairness.Plan([]fairness.Lane{
			{Tenant: "big", Target: "1", Due: 100_000, Room: 100_000},
			{Tenant: "small", Target: "2", Due: 1, Room: 10},
		}, fairness.Free{Quick: 4, Tenant: plenty}, 0)
		if !slices.Equal(got, []fairness.Take{{"big", "1", 3}, {"small", "2", 1}}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("ManyTargetsOfOneTenantAreOneTenant", func(t *testing.T) {
		t.Parallel()
		lanes := []fairness.Lane{{Tenant: "small", Target: "0", Due: 5, Room: 5}}
		for i := range 100 {
			lanes = append(lanes, fairness.Lane{Tenant: "big", Target: fmt.Sprint(i), Due: 5, Room: 5})
		}
		if got := fairness.Plan(lanes, fairness.Free{Quick: 8, Tenant: plenty}, 0); got[0] != (fairness.Take{Tenant: "small", Target: "0", N: 4}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("SlowTargetsGetOnlyTheirPart", func(t *testing.T) {
		t.Parallel()
		got := fairness.Plan([]fairness.Lane{
			{Tenant: "a", Target: "slow", Due: 9, Room: 9, Slow: true}, {Tenant: "a", Target: "quick", Due: 9, Room: 9},
		}, fairness.Free{Quick: 3, Slow: 1, Tenant: plenty}, 0)
		if !slices.Equal(got, []fairness.Take{{"a", "slow", 1}, {"a", "quick", 3}}) {
			t.Errorf("got %v", got)
		}
	})
}

// TestPlanIsFair: nothing is given that is not there or not wanted, nothing is
// left over that somebody could use, and no tenant gets two more than another
// that could have used one.
func TestPlanIsFair(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lanes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) fairness.Lane {
			return fairness.Lane{
				Tenant: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "tenant"), Target: rapid.StringN(1, 8, 8).Draw(t, "target"),
				Due: rapid.IntRange(0, 50).Draw(t, "due"), Room: rapid.IntRange(0, 20).Draw(t, "room"),
			}
		}), 0, 12).Draw(t, "lanes")
		limit := rapid.IntRange(0, 40).Draw(t, "limit")
		free := fairness.Free{Quick: rapid.IntRange(0, 60).Draw(t, "free"), Tenant: func(string, bool) int { return limit }}
		seen := map[[2]string]bool{}
		lanes = slices.DeleteFunc(lanes, func(l fairness.Lane) bool {
			name := [2]string{l.Tenant, l.Target}
			twice := seen[name]
			seen[name] = true
			return twice
		})
		got, wanted := map[string]int{}, map[string]int{}
		for _, l := range lanes {
			wanted[l.Tenant] += min(l.Due, l.Room)
		}
		sum := 0
		for _, take := range fairness.Plan(lanes, free, rapid.IntRange(0, 1000).Draw(t, "first")) {
			i := slices.IndexFunc(lanes, func(l fairness.Lane) bool { return l.Tenant == take.Tenant && l.Target == take.Target })
			if take.N < 1 || take.N > min(lanes[i].Due, lanes[i].Room) {
				t.Fatalf("%+v gets %d", lanes[i], take.N)
			}
			got[take.Tenant] += take.N
			sum += take.N
		}
		could := 0
		for tenant, n := range wanted {
			could += min(n, limit)
			if got[tenant] > limit {
				t.Fatalf("%s got %d of %d", tenant, got[tenant], limit)
			}
			for other := range got {
				if got[tenant] < min(n, limit) && got[other] > got[tenant]+1 {
					t.Fatalf("%s got %d, %s %d", tenant, got[tenant], other, got[other])
				}
			}
		}
		if sum != min(could, free.Quick) {
			t.Fatalf("%d of %d given, %d could have been used", sum, free.Quick, could)
		}
	})
}
