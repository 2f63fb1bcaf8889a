package dashboards

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// grafana's own variables, as they are where Prometheus is scraped at interval.
var grafana = strings.NewReplacer("$__rate_interval", "1m", "$__range", "10m", "$__interval", "15s")

// fill puts values in the place of a dashboard's variables.
func fill(expr string, values map[string]string) string {
	for name, value := range values {
		expr = strings.ReplaceAll(expr, "$"+name, value)
	}
	return grafana.Replace(expr)
}

// operands returns what an alert compares: the expression without comparisons
// to numbers, for there is something to show while it does not fire.
func operands(e parser.Expr) []parser.Expr {
	switch e := e.(type) {
	case *parser.ParenExpr:
		return operands(e.Expr)
	case *parser.BinaryExpr:
		switch {
		case e.Op.IsComparisonOperator() && isNumber(e.RHS):
			return []parser.Expr{e.LHS}
		case e.Op.IsSetOperator():
			left, right := operands(e.LHS), operands(e.RHS)
			if len(left) == 1 && left[0] == e.LHS && len(right) == 1 && right[0] == e.RHS {
				return []parser.Expr{e} // there was no comparison in either
			}
			return append(left, right...)
		}
	}
	return []parser.Expr{e}
}

func isNumber(e parser.Expr) bool {
	switch e := e.(type) {
	case *parser.NumberLiteral:
		return true
	case *parser.ParenExpr:
		return isNumber(e.Expr)
	case *parser.BinaryExpr:
		return isNumber(e.LHS) && isNumber(e.RHS)
	}
	return false
}

// known checks that every metric, and every label that is asked for or summed
// by, is there.
func (h *history) known(ctx context.Context, e parser.Expr) (problems []string) {
	parser.Inspect(e, func(node parser.Node, _ []parser.Node) error {
		switch node := node.(type) {
		case *parser.VectorSelector:
			problems = append(problems, h.knownSelector(ctx, node)...)
		case *parser.AggregateExpr:
			if !node.Without {
				problems = append(problems, h.knownGrouping(ctx, node)...)
			}
		}
		return nil
	})
	slices.Sort(problems)
	return slices.Compact(problems)
}

func (h *history) knownSelector(ctx context.Context, s *parser.VectorSelector) []string {
	matchers := s.LabelMatchers
	named := slices.DeleteFunc(slices.Clone(matchers), func(m *labels.Matcher) bool { return m.Name != model.MetricNameLabel })
	all, err := h.series(ctx, named)
	if err != nil {
		return []string{err.Error()}
	}
	if len(all) == 0 {
		return []string{"there is no metric " + s.Name}
	}
	some, err := h.series(ctx, matchers)
	if err != nil {
		return []string{err.Error()}
	}
	if len(some) == 0 {
		return []string{fmt.Sprintf("nothing matches %s; labels are like %s", s, all[0])}
	}
	return nil
}

// knownGrouping wants labels that some series below has, or that are put there.
func (h *history) knownGrouping(ctx context.Context, a *parser.AggregateExpr) (problems []string) {
	var below []labels.Labels
	parser.Inspect(a.Expr, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			some, err := h.series(ctx, slices.DeleteFunc(slices.Clone(s.LabelMatchers), func(m *labels.Matcher) bool { return m.Name != model.MetricNameLabel }))
			if err != nil {
				problems = append(problems, err.Error())
			}
			below = append(below, some...)
		}
		return nil
	})
	for _, label := range a.Grouping {
		if len(below) > 0 && !hasLabel(below, label) {
			problems = append(problems, fmt.Sprintf("no series has the label %s that %s is by; labels are like %s", label, a.Op, below[0]))
		}
	}
	return problems
}

func hasLabel(all []labels.Labels, name string) bool {
	return slices.ContainsFunc(all, func(l labels.Labels) bool { return l.Has(name) })
}

func TestOperands(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string][]string{
		`a > 1`:                     {`a`},
		`(a / b) < 2 * 3`:           {`(a / b)`},
		`a > 1 and b > 2`:           {`a`, `b`},
		`(a > 1 and (b or c) == 2)`: {`a`, `(b or c)`},
		`(a or b) > 0`:              {`(a or b)`},
		`a > b`:                     {`a > b`},
		`sum(up == 1)`:              {`sum(up == 1)`},
		`a unless b`:                {`a unless b`},
	} {
		e, err := parser.ParseExpr(expr)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range operands(e) {
			got = append(got, o.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", expr, got, want)
		}
	}
}
