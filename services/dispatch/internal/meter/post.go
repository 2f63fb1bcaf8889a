package meter

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/dispatch/internal/sender"
)

// posts are the HTTP requests, by status and class of failure, and never by
// address: targets are told apart by steps.
type posts struct {
	duration telemetry.Durations
	answered [oddStatus + 1]atomic.Pointer[telemetry.DurationSeries] // by status
	failed   sync.Map                                                // failure to telemetry.DurationSeries
}

// oddStatus stands for all statuses that HTTP has no class for.
const oddStatus = 600

// failure is what a request without a whole answer died of.
type failure struct {
	status int // of the answer that did not come whole; 0: none
	kind   sender.Kind
}

func newPosts(i *telemetry.Instruments) *posts {
	return &posts{duration: i.Durations("http.client.request.duration",
		"HTTP requests that are made for targets and scripts, name lookup and connect included, until the answer's end", stepBounds...)}
}

// Posted measures a request; f is nil where it was answered.
func (m *Meters) Posted(ctx context.Context, r *sender.Response, f *sender.Failure) {
	if f != nil {
		m.blocked.Count(egress.RuleOf(f))
		m.posts.of(failure{min(r.Status, oddStatus), f.Kind}).Record(ctx, r.Duration)
		return
	}
	kept := &m.posts.answered[min(max(r.Status, 0), oddStatus)]
	series := kept.Load()
	if series == nil {
		made := m.posts.duration.Of(answeredWith(r.Status)...)
		series = &made
		kept.Store(series)
	}
	series.Record(ctx, r.Duration)
}

func (p *posts) of(f failure) telemetry.DurationSeries {
	if known, ok := p.failed.Load(f); ok {
		return known.(telemetry.DurationSeries)
	}
	about := method()
	if f.status > 0 {
		about = append(about, attribute.Int("http.response.status_code", f.status))
	}
	made := p.duration.Of(append(about, attribute.String("error.type", string(f.kind)))...)
	p.failed.Store(f, made)
	return made
}

func method() []attribute.KeyValue {
	return []attribute.KeyValue{attribute.String("http.request.method", "POST")}
}

func answeredWith(status int) []attribute.KeyValue {
	about := append(method(), attribute.Int("http.response.status_code", min(status, oddStatus)))
	if status < 200 || status > 299 {
		about = append(about, attribute.String("error.type", strconv.Itoa(min(status, oddStatus))))
	}
	return about
}
