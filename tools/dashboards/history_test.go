package dashboards

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// interval between two scrapes, as prometheus.yaml has it.
const interval = 15 * time.Second

// history is what a Prometheus has seen. Its clock is its own: it stands still
// but for pass.
type history struct {
	db     *tsdb.DB
	engine *promql.Engine
	begin  time.Time
	now    time.Time
}

func newHistory(t *testing.T) *history {
	t.Helper()
	db, err := tsdb.Open(t.TempDir(), slog.New(slog.DiscardHandler), nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 50_000_000, Timeout: time.Minute, LookbackDelta: 5 * time.Minute})
	begin := time.Now().UTC().Add(-3 * time.Hour).Truncate(time.Minute)
	return &history{db: db, engine: engine, begin: begin, now: begin}
}

// pass lets time pass.
func (h *history) pass(d time.Duration) { h.now = h.now.Add(d) }

// scrape takes a process's metrics as of now.
func (h *history) scrape(t *testing.T, job, instance, url string) {
	t.Helper()
	body, kind := fetch(t, url)
	p, err := textparse.New(body, kind, labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	app := h.db.Appender(t.Context())
	add := func(l labels.Labels, v float64) {
		l = labels.NewBuilder(l).Set("job", job).Set("instance", instance).Labels()
		if _, err := app.Append(0, l, h.now.UnixMilli(), v); err != nil {
			t.Fatalf("%s: %s: %v", url, l, err)
		}
	}
	add(labels.FromStrings(model.MetricNameLabel, "up"), 1)
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		if entry != textparse.EntrySeries {
			continue
		}
		var l labels.Labels
		p.Labels(&l)
		_, _, v := p.Series()
		add(l, v)
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
}

func fetch(t *testing.T, url string) (body []byte, kind string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if body, err = io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, resp.Status, err)
	}
	return body, resp.Header.Get("Content-Type")
}

// load adds made-up series, a sample a minute from the beginning, in the form of
// promtool's tests: `up{job="x"} 1+0x60`.
func (h *history) load(t *testing.T, series ...string) {
	t.Helper()
	app := h.db.Appender(t.Context())
	for _, line := range series {
		l, values, err := parser.ParseSeriesDesc(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		at := h.begin
		for _, v := range values {
			if !v.Omitted {
				if _, err := app.Append(0, l, at.UnixMilli(), v.Value); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
			}
			at = at.Add(time.Minute)
		}
		if at.After(h.now) {
			h.now = at.Add(-time.Minute)
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
}

// at evaluates an expression for one instant.
func (h *history) at(ctx context.Context, expr string, when time.Time) (promql.Vector, error) {
	q, err := h.engine.NewInstantQuery(ctx, h.db, nil, expr, when)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	r := q.Exec(ctx)
	if r.Err != nil {
		return nil, r.Err
	}
	if s, ok := r.Value.(promql.Scalar); ok {
		return promql.Vector{{T: s.T, F: s.V}}, nil
	}
	return r.Vector()
}

// over evaluates an expression for every scrape, and returns the series that
// have a number at any: a panel would show them.
func (h *history) over(ctx context.Context, expr string) ([]labels.Labels, error) {
	q, err := h.engine.NewRangeQuery(ctx, h.db, nil, expr, h.begin, h.now, interval)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	m, err := q.Exec(ctx).Matrix()
	if err != nil {
		return nil, err
	}
	var found []labels.Labels
	for _, s := range m {
		for _, p := range s.Floats {
			if !math.IsNaN(p.F) && !math.IsInf(p.F, 0) {
				found = append(found, s.Metric)
				break
			}
		}
	}
	return found, nil
}

// series returns those that a selector has matched at any time.
func (h *history) series(ctx context.Context, matchers []*labels.Matcher) ([]labels.Labels, error) {
	q, err := h.db.Querier(h.begin.UnixMilli(), h.now.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer func() { _ = q.Close() }()
	set := q.Select(ctx, false, &storage.SelectHints{Start: h.begin.UnixMilli(), End: h.now.UnixMilli(), Func: "series"}, matchers...)
	var found []labels.Labels
	for set.Next() {
		found = append(found, set.At().Labels())
	}
	if err := set.Err(); err != nil {
		return nil, fmt.Errorf("select: %w", err)
	}
	return found, nil
}
