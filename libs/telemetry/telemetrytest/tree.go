package telemetrytest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// Trace is the spans of one trace.
type Trace []Span

// Trace returns what was sent so far of one trace.
func (c *Collector) Trace(id trace.TraceID) Trace {
	return slices.DeleteFunc(c.Spans(), func(s Span) bool { return s.Trace != id })
}

// Roots returns the spans whose parent was not sent: one, where the trace is
// connected.
func (t Trace) Roots() []Span {
	sent := map[trace.SpanID]bool{}
	for _, s := range t {
		sent[s.ID] = true
	}
	var roots []Span
	for _, s := range t {
		if !sent[s.Parent] {
			roots = append(roots, s)
		}
	}
	return roots
}

// Named returns the spans of a name, which a service made; "" for any.
func (t Trace) Named(service, name string) []Span {
	var found []Span
	for _, s := range t {
		if s.Name == name && (service == "" || s.Service == service) {
			found = append(found, s)
		}
	}
	return found
}

// Under returns the spans below one, at any depth.
func (t Trace) Under(top Span) Trace {
	below := map[trace.SpanID]bool{top.ID: true}
	var found Trace
	for grown := true; grown; {
		grown = false
		for _, s := range t {
			if !below[s.ID] && below[s.Parent] {
				below[s.ID], grown = true, true
				found = append(found, s)
			}
		}
	}
	return found
}

// String draws the trace as a tree.
func (t Trace) String() string {
	var b strings.Builder
	roots := t.Roots()
	for _, r := range roots {
		t.draw(&b, r, 0, r.Start)
	}
	fmt.Fprintf(&b, "%d spans, %d roots\n", len(t), len(roots))
	return b.String()
}

func (t Trace) draw(b *strings.Builder, s Span, depth int, from time.Time) {
	if depth > 64 {
		return
	}
	fmt.Fprintf(b, "%s%s [%s %s] %s +%s", strings.Repeat("  ", depth), s.Name, s.Service, s.Kind,
		s.Start.Sub(from).Round(time.Microsecond), s.End.Sub(s.Start).Round(time.Microsecond))
	for _, key := range slices.Sorted(maps.Keys(s.Attributes)) {
		if key != "db.query.text" {
			fmt.Fprintf(b, " %s=%.60s", key, s.Attributes[key])
		}
	}
	if len(s.Links) > 0 {
		fmt.Fprintf(b, " links=%d", len(s.Links))
	}
	if s.Failed {
		fmt.Fprintf(b, " FAILED %.100s", s.Status)
	}
	b.WriteByte('\n')
	for _, below := range t {
		if below.Parent == s.ID && below.ID != s.ID {
			t.draw(b, below, depth+1, from)
		}
	}
}
