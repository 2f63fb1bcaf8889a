package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// metricsFile is the list of all metrics, for those who draw, alarm and scale.
const metricsFile = "../../deploy/metrics.tsv"

const metricsHead = `# Every metric that Actionplane's services emit, as Prometheus reads it: name, type,
# labels, meaning, with tabs in between. Beside these are those of the Go runtime and
# the process (go_*, process_*). How many series there can be: libs/telemetry/doc.go.
# Written by
#	go test ./services/allinone -run TestObserved -update
# which adds what a running house emits; what it does not emit any more is taken out
# by hand.
`

const stopSignal = syscall.SIGTERM

// seldom are metrics that are there only when something has failed.
var seldom = map[string]bool{"db_client_operation_errors_total": true}

// metric is a line of the list.
type metric struct {
	kind, meaning string
	labels        map[string]bool
}

func (m metric) line(name string) string {
	return strings.Join([]string{name, m.kind, strings.Join(slices.Sorted(maps.Keys(m.labels)), ","), m.meaning}, "\t")
}

// emitted reads what Prometheus would.
func emitted(scraped string) map[string]metric {
	all := map[string]metric{}
	for line := range strings.Lines(scraped) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 4)
		if len(words) == 4 && words[0] == "#" && ours(words[2]) {
			m, ok := all[words[2]]
			if !ok {
				m = metric{labels: map[string]bool{}}
			}
			if words[1] == "TYPE" {
				m.kind = words[3]
			} else {
				m.meaning = words[3]
			}
			all[words[2]] = m
			continue
		}
		series, labels, _ := strings.Cut(strings.TrimSpace(line), "{")
		labels, _, _ = strings.Cut(labels, "} ")
		m, ok := all[family(all, series)]
		if !ok {
			continue
		}
		for _, label := range labelNames(labels) {
			if label != "le" && !strings.HasPrefix(label, "otel_scope_") {
				m.labels[label] = true
			}
		}
	}
	return all
}

func ours(name string) bool {
	for _, foreign := range []string{"go_", "process_", "promhttp_", "target_info"} {
		if strings.HasPrefix(name, foreign) {
			return false
		}
	}
	return true
}

func family(all map[string]metric, series string) string {
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if name, ok := strings.CutSuffix(series, suffix); ok && all[name].kind == "histogram" {
			return name
		}
	}
	return series
}

// labelNames returns the names in a="x",b="y".
func labelNames(text string) (names []string) {
	for text != "" {
		name, rest, ok := strings.Cut(text, `="`)
		if !ok {
			return names
		}
		names = append(names, strings.TrimPrefix(name, ","))
		end := strings.Index(rest, `"`)
		for end > 0 && rest[end-1] == '\\' {
			end += 1 + strings.Index(rest[end+1:], `"`)
		}
		text = rest[end+1:]
	}
	return names
}

// largest returns the largest value of the series of a metric that have all
// labels; 0: none.
func largest(scraped, name string, labels ...string) (most float64) {
	for line := range strings.Lines(scraped) {
		series, text, _ := strings.Cut(strings.TrimSpace(line), "} ")
		if !strings.HasPrefix(series, name+"{") || slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(series, l) }) {
			continue
		}
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			most = max(most, v)
		}
	}
	return most
}

func readMetrics(t *testing.T) map[string]metric {
	t.Helper()
	text, err := os.ReadFile(metricsFile)
	if err != nil {
		if *update {
			return map[string]metric{}
		}
		t.Fatal(err)
	}
	listed := map[string]metric{}
	for line := range strings.Lines(string(text)) {
		words := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(words) != 4 {
			continue
		}
		m := metric{kind: words[1], meaning: words[3], labels: map[string]bool{}}
		for _, label := range strings.Split(words[2], ",") {
			m.labels[label] = true
		}
		listed[words[0]] = m
	}
	return listed
}

// listed compares the list with what the house emits. A label may be missing
// from that: some are there only when something fails.
func (o *observed) listed(t *testing.T, scraped string) {
	listed, there := readMetrics(t), emitted(scraped)
	if *update {
		var text strings.Builder
		text.WriteString(metricsHead)
		for name, m := range there {
			maps.Copy(m.labels, listed[name].labels)
			delete(m.labels, "")
			listed[name] = m
		}
		for _, name := range slices.Sorted(maps.Keys(listed)) {
			fmt.Fprintln(&text, listed[name].line(name))
		}
		if err := os.WriteFile(metricsFile, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, m := range there {
		l, ok := listed[name]
		switch {
		case !ok || l.kind != m.kind || l.meaning != m.meaning:
			t.Errorf("not listed as it is: %s", m.line(name))
		case m.meaning == "":
			t.Errorf("%s says nothing of its meaning", name)
		}
		for label := range m.labels {
			if ok && !l.labels[label] {
				t.Errorf("label %s of %s is not listed", label, name)
			}
		}
	}
	for name := range listed {
		if _, ok := there[name]; !ok && !seldom[name] {
			t.Errorf("%s is listed, and there is none", name)
		}
	}
	if t.Failed() {
		t.Log("go test ./services/allinone -run TestObserved -update")
	}
}

// mostSeries is what a process may come to that has ten labels, whoever comes by
// and however much: see libs/telemetry/doc.go.
const mostSeries = 96*21 + 22*11 + 3_000

func (o *observed) few(t *testing.T, scraped string) {
	series, byName := 0, map[string]int{}
	for line := range strings.Lines(scraped) {
		if !strings.HasPrefix(line, "#") {
			series++
			name, _, _ := strings.Cut(line, "{")
			byName[name]++
		}
		if strings.Contains(line, "stranger") {
			t.Fatalf("a stranger has a series: %s", line)
		}
	}
	t.Logf("%d series", series)
	for name, n := range byName {
		if n > 1000 {
			t.Logf("%d of %s", n, name)
		}
	}
	if series > mostSeries || strings.Contains(scraped, "otel_metric_overflow") {
		t.Errorf("%d series, want at most %d, and none that stands for others", series, mostSeries)
	}
}

// counted looks whether what the house has done shows.
func counted(t *testing.T, scraped string) {
	for _, want := range []struct {
		name   string
		labels []string
	}{
		{"actionplane_egress_blocked_total", []string{`rule="private"`, `otel_scope_name="dispatch"`}},
		{"actionplane_egress_blocked_total", []string{`rule="private"`, `otel_scope_name="scripts"`}},
		{"actionplane_fail_open_total", nil},
		{"actionplane_deliveries_total", []string{`state="exhausted"`}},
		{"actionplane_deliveries_total", []string{`state="succeeded"`}},
		{"actionplane_retry_scheduled_total", nil},
		{"actionplane_chain_duration_seconds_count", []string{`kind="event"`, `outcome="succeeded"`}},
		{"actionplane_chain_duration_seconds_count", []string{`kind="request"`, `outcome="interrupted"`}},
		{"actionplane_invocation_duration_seconds_count", []string{`outcome="failed"`}},
		{"actionplane_approvals_transitions_total", []string{`state="approved"`}},
		{"actionplane_approvals_transitions_total", []string{`state="executed"`}},
		{"actionplane_resolve_total", []string{`kind="request"`, `result="match"`}},
		{"actionplane_cache_lookups_total", []string{`cache="token"`, `layer="memory"`, `result="hit"`}},
		{"actionplane_cache_lookups_total", []string{`cache="program"`, `layer="owner"`, `result="hit"`}},
		{"actionplane_cache_lookups_total", []string{`cache="profile"`, `layer="memory"`, `result="hit"`}},
		{"actionplane_cache_lookups_total", []string{`cache="chain"`, `layer="redis"`, `result="miss"`}},
	} {
		if largest(scraped, want.name, want.labels...) == 0 {
			t.Errorf("%s with %v is 0", want.name, want.labels)
		}
	}
}

// collected looks for the same metrics at the collector.
func (o *observed) collected(t *testing.T) {
	for _, want := range []string{
		"actionplane.edge.duration", "actionplane.chain.duration", "actionplane.chain.overhead", "actionplane.step.duration", "actionplane.resolve",
		"actionplane.delivery.attempts", "actionplane.deliveries", "actionplane.delivery.age", "actionplane.delivery.waiting", "actionplane.breaker.state",
		"actionplane.cache.lookups", "actionplane.egress.blocked", "actionplane.approvals.transitions", "actionplane.invocation.duration",
		"actionplane.workers", "actionplane.consumer.lag", "rpc.server.call.duration", "messaging.process.duration", "http.client.request.duration",
		"db.client.operation.duration", "pgxpool.acquired_connections",
	} {
		await(t, want+" is at the collector", func() bool { return slices.Contains(o.collector.Metrics(), want) })
	}
}
