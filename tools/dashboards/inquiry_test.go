package dashboards

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// inquiry asks a history everything that dashboards and alerts ask.
type inquiry struct {
	*history
	excused map[string]string // panels and alerts that need no data, and why

	used  map[string]bool // metrics that something asked for
	asked map[string]bool // panels and alerts
}

func newInquiry(h *history, excused map[string]string) *inquiry {
	return &inquiry{history: h, excused: excused, used: map[string]bool{}, asked: map[string]bool{}}
}

// everything asks every query of every panel, and every alert.
func (q *inquiry) everything(t *testing.T) {
	t.Helper()
	t.Run("Panels", func(t *testing.T) {
		for file, b := range readBoards(t) {
			q.checkBoard(t, file, b)
		}
	})
	t.Run("Alerts", func(t *testing.T) {
		for name, a := range readAlerts(t) {
			q.checkAlert(t, name, a)
		}
	})
	for where := range q.excused {
		if !q.asked[where] {
			t.Errorf("%s is excused, and there is no such panel or alert", where)
		}
	}
}

func (q *inquiry) checkAlert(t *testing.T, name string, a rulefmt.Rule) {
	t.Helper()
	e, err := parser.ParseExpr(a.Expr)
	if err != nil {
		t.Fatal(err)
	}
	problems := q.known(t.Context(), e)
	for _, o := range operands(e) {
		problems = append(problems, q.shows(t.Context(), o.String(), "")...)
	}
	q.use(e)
	q.report(t, name, problems)
}

func (q *inquiry) checkBoard(t *testing.T, file string, b board) {
	t.Helper()
	choices := []map[string]string{{}}
	for _, v := range b.Templating.List {
		switch text := v.query(t); v.Type {
		case "constant":
			choices[0][v.Name] = text
		case "query":
			choices = q.choose(t, file, v.Name, text, choices)
		}
	}
	if len(choices) == 0 {
		t.Errorf("%s: no values of its variables", file)
	}
	for _, p := range b.Panels {
		for _, target := range p.Targets {
			var problems []string
			for _, values := range choices { // a panel of one target is about something else for each
				e, err := parser.ParseExpr(fill(target.Expr, values))
				if err != nil {
					t.Fatalf("%s, %q: %v", file, p.Title, err)
				}
				q.use(e)
				problems = append(q.known(t.Context(), e), q.shows(t.Context(), e.String(), target.LegendFormat)...)
				if len(problems) == 0 {
					break
				}
			}
			q.report(t, fmt.Sprintf("%s, %q", file, p.Title), problems)
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

func (q *inquiry) report(t *testing.T, where string, problems []string) {
	t.Helper()
	q.asked[where] = true
	for _, p := range problems {
		if why := q.excused[where]; why != "" {
			t.Logf("%s: %s: %s", where, why, p)
			continue
		}
		t.Errorf("%s: %s", where, p)
	}
}

// suffix is what Prometheus appends to the name of a histogram.
var suffix = regexp.MustCompile(`_(bucket|count|sum)$`)

// use notes which metrics an expression asks for.
func (q *inquiry) use(e parser.Expr) {
	parser.Inspect(e, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			q.used[suffix.ReplaceAllString(s.Name, "")] = true
		}
		return nil
	})
}
