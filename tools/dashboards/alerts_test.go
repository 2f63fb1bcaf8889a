package dashboards

import (
	"context"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/template"
)

const (
	alertsFile  = "../../deploy/prometheus/alerts.yaml"
	runbookFile = "../../deploy/prometheus/runbook.md"
	runbookURL  = "https://github.com/actionplane/actionplane/blob/main/deploy/prometheus/runbook.md#"
)

var runbookHeading = regexp.MustCompile(`(?m)^### (\w+)$`)

// readAlerts returns the alerts by name.
func readAlerts(t *testing.T) map[string]rulefmt.Rule {
	t.Helper()
	groups, problems := rulefmt.ParseFile(alertsFile, false, model.UTF8Validation)
	for _, err := range problems {
		t.Fatal(err)
	}
	all := map[string]rulefmt.Rule{}
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			if _, twice := all[r.Alert]; twice || r.Alert == "" {
				t.Errorf("%q: twice, or no alert", r.Alert)
			}
			all[r.Alert] = r
		}
	}
	return all
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(runbookFile)
	if err != nil {
		t.Fatal(err)
	}
	alerts := readAlerts(t)
	sections := map[string]bool{}
	for _, m := range runbookHeading.FindAllStringSubmatch(string(text), -1) {
		if sections[m[1]] = true; alerts[m[1]].Alert == "" {
			t.Errorf("the runbook has %s, which is no alert", m[1])
		}
	}
	for name := range series {
		if alerts[name].Alert == "" {
			t.Errorf("there are series for %s, which is no alert", name)
		}
	}
	for name, a := range alerts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !sections[name] || a.Annotations["runbook_url"] != runbookURL+strings.ToLower(name) {
				t.Errorf("no section of the runbook: %s", a.Annotations["runbook_url"])
			}
			if !slices.Contains([]string{"critical", "warning", "info", "none"}, a.Labels["severity"]) {
				t.Errorf("severity %q", a.Labels["severity"])
			}
			if a.Annotations["summary"] == "" || a.Annotations["description"] == "" {
				t.Error("no summary or no description")
			}
			made, ok := series[name]
			if !ok {
				t.Fatal("no series to try it on")
			}
			t.Run("Fires", func(t *testing.T) { t.Parallel(); fires(t, a, made.fire) })
			if made.quiet != nil {
				t.Run("KeepsQuiet", func(t *testing.T) { t.Parallel(); keepsQuiet(t, a, made.quiet) })
			}
		})
	}
}

// fires wants the alert at the end of the series: its expression must have held
// for as long as it waits. What it says then must be complete.
func fires(t *testing.T, a rulefmt.Rule, made []string) {
	t.Helper()
	h := newHistory(t)
	h.load(t, made...)
	held, err := h.at(t.Context(), a.Expr, h.now)
	if err != nil || len(held) == 0 {
		t.Fatalf("does not hold: %v", err)
	}
	for when := h.now.Add(-time.Duration(a.For)); when.Before(h.now); when = when.Add(time.Minute) {
		before, err := h.at(t.Context(), a.Expr, when)
		if err != nil || !slices.ContainsFunc(before, func(s promql.Sample) bool { return labels.Equal(s.Metric, held[0].Metric) }) {
			t.Fatalf("did not hold yet %s before the end: %v, %v", h.now.Sub(when), before, err)
		}
	}
	for _, name := range []string{"summary", "description"} {
		if said := say(t, a.Annotations[name], held[0]); strings.Contains(said, "{{") || strings.Contains(said, "no value") {
			t.Errorf("%s: %s", name, said)
		}
	}
}

func keepsQuiet(t *testing.T, a rulefmt.Rule, made []string) {
	t.Helper()
	h := newHistory(t)
	h.load(t, made...)
	if held, err := h.at(t.Context(), a.Expr, h.now); err != nil || len(held) > 0 {
		t.Errorf("holds: %v, %v", held, err)
	}
}

// say fills a template as Prometheus does, but for labels that the alert has
// not: those are mistakes here.
func say(t *testing.T, text string, s promql.Sample) string {
	t.Helper()
	none := func(context.Context, string, time.Time) (promql.Vector, error) { return nil, nil }
	data := template.AlertTemplateData(s.Metric.Map(), nil, "", s)
	const names = "{{$labels := .Labels}}{{$value := .Value}}"
	said, err := template.NewTemplateExpander(t.Context(), names+text, "annotation", data, model.Time(s.T), none, &url.URL{}, []string{"missingkey=error"}).Expand()
	if err != nil {
		t.Errorf("%s: %v", text, err)
	}
	return said
}
