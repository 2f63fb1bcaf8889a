package dashboards

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
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
	h := live(t)
	used := map[string]bool{} // metrics that something asks for
	t.Run("Panels", func(t *testing.T) {
		for file, b := range readBoards(t) {
			h.checkBoard(t, file, b, used)
		}
	})
	t.Run("Alerts", func(t *testing.T) {
		for name, a := range readAlerts(t) {
			h.checkAlert(t, name, a, used)
		}
	})
	t.Run("NothingIsMeasuredThatNobodyLooksAt", func(t *testing.T) {
		for _, name := range h.ours(t) {
			if !used[name] && !unused[name] {
				t.Errorf("%s: on no dashboard and in no alert", name)
			}
		}
	})
}

// unused are metrics for other eyes.
var unused = map[string]bool{
	"actionplane_dispatch_events_known_total": true, // of the tests about what comes twice
	"actionplane_dispatch_rows_deleted_total": true, // of whoever wonders what retention does
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

func (h *history) checkAlert(t *testing.T, name string, a rulefmt.Rule, used map[string]bool) {
	t.Helper()
	e, err := parser.ParseExpr(a.Expr)
	if err != nil {
		t.Fatal(err)
	}
	h.report(t, name, h.known(t.Context(), e))
	for _, o := range operands(e) {
		h.report(t, name, h.shows(t.Context(), o.String(), ""))
	}
	use(e, used)
}

func (h *history) checkBoard(t *testing.T, file string, b board, used map[string]bool) {
	t.Helper()
	choices := []map[string]string{{}}
	for _, v := range b.Templating.List {
		switch q := v.query(t); v.Type {
		case "constant":
			choices[0][v.Name] = q
		case "query":
			choices = h.choose(t, file, v.Name, q, choices)
		}
	}
	if len(choices) == 0 {
		t.Errorf("%s: no values of its variables", file)
	}
	for _, p := range b.Panels {
		for _, q := range p.Targets {
			var problems []string
			for _, values := range choices { // a panel of one target is about something else for each
				e, err := parser.ParseExpr(fill(q.Expr, values))
				if err != nil {
					t.Fatalf("%s, %q: %v", file, p.Title, err)
				}
				use(e, used)
				problems = append(h.known(t.Context(), e), h.shows(t.Context(), e.String(), q.LegendFormat)...)
				if len(problems) == 0 {
					break
				}
			}
			h.report(t, fmt.Sprintf("%s, %q", file, p.Title), problems)
		}
	}
}

// choose returns the choices with each value that a variable offers.
func (h *history) choose(t *testing.T, file, name, query string, choices []map[string]string) (all []map[string]string) {
	t.Helper()
	m := grafanaLookup.FindStringSubmatch(query)
	if m == nil {
		t.Fatalf("%s: variable %s asks for %s", file, name, query)
	}
	for _, values := range choices {
		matchers, err := parser.ParseMetricSelector(fill(m[1], values))
		if err != nil {
			t.Fatalf("%s: variable %s: %v", file, name, err)
		}
		found, err := h.series(t.Context(), matchers)
		if err != nil {
			t.Fatal(err)
		}
		offered := map[string]bool{}
		for _, l := range found {
			offered[l.Get(m[2])] = true
		}
		for v := range offered {
			chosen := maps.Clone(values)
			chosen[name] = v
			all = append(all, chosen)
		}
	}
	return all
}

// shows checks that there is something to see, with all that its legend names.
func (h *history) shows(ctx context.Context, expr, legend string) []string {
	found, err := h.over(ctx, expr)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", expr, err)}
	}
	if len(found) == 0 {
		return []string{"no data: " + expr}
	}
	var problems []string
	for _, m := range legendLabel.FindAllStringSubmatch(legend, -1) {
		if !slices.ContainsFunc(found, func(l labels.Labels) bool { return l.Has(m[1]) }) {
			problems = append(problems, fmt.Sprintf("its legend names %s, which %s has not", m[1], found[0]))
		}
	}
	return problems
}

func (h *history) report(t *testing.T, where string, problems []string) {
	t.Helper()
	for _, p := range problems {
		t.Errorf("%s: %s", where, p)
	}
}

// suffix is what Prometheus appends to the name of a histogram.
var suffix = regexp.MustCompile(`_(bucket|count|sum)$`)

// use notes which metrics an expression asks for.
func use(e parser.Expr, used map[string]bool) {
	parser.Inspect(e, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			used[suffix.ReplaceAllString(s.Name, "")] = true
		}
		return nil
	})
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
