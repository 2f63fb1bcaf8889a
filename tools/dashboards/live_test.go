package dashboards

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
)

// rounds of traffic, with a scrape after each: ten minutes of the history's time,
// which are rounds*pace of ours.
const (
	rounds = 40
	pace   = 300 * time.Millisecond
)

// away are what rounds go without, so that faults of our own are seen, too.
var away = map[int]part{20: {"postgres", "postgres"}, 30: {"scripts", "scripts-1"}}

func TestEveryQueryHasData(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a process per service takes a while: not with -short")
	}
	q := newInquiry(live(t), nil)
	q.everything(t)
	t.Run("NothingIsMeasuredThatNobodyLooksAt", func(t *testing.T) {
		for _, name := range q.ours(t) {
			if !q.used[name] && !unused[name] {
				t.Errorf("%s: on no dashboard and in no alert", name)
			}
		}
	})
}

// unused are metrics for other eyes.
var unused = map[string]bool{
	"actionplane_dispatch_events_known_total":     true, // of the tests about what comes twice
	"actionplane_dispatch_events_overtaken_total": true, // of whoever wonders why there are retries without failures
	"actionplane_dispatch_rows_deleted_total":     true, // of whoever wonders what retention does
}

// live starts everything, and returns what Prometheus has seen of it.
func live(t *testing.T) *history {
	t.Helper()
	f := startFleet(t)
	tr := startTraffic(t, f)
	h := newHistory(t)
	f.scrape(t, h)
	next := time.NewTicker(pace)
	defer next.Stop()
	for n := range rounds {
		var lacks part
		if lacks, tr.faulty = away[n]; tr.faulty {
			f.without(t, lacks, func() { tr.round(t, n); tr.round(t, n) })
		} else {
			tr.round(t, n)
		}
		<-next.C
		h.pass(interval)
		f.scrape(t, h)
	}
	return h
}

// ours returns the metrics that are Actionplane's own.
func (h *history) ours(t *testing.T) []string {
	t.Helper()
	q, err := h.db.Querier(h.begin.UnixMilli(), h.now.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = q.Close() }()
	all, _, err := q.LabelValues(t.Context(), model.MetricNameLabel, nil)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, name := range all {
		if strings.HasPrefix(name, "actionplane_") {
			names[suffix.ReplaceAllString(name, "")] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
