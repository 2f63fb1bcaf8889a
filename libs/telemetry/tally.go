package telemetry

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Tally is a counter for paths on which even a metric costs: each of its series
// is an atomic number that is read when metrics are collected, and exists, with
// 0, from the moment it is asked for, so that an alert has something to compare
// with before the first event. It is safe for concurrent use.
type Tally struct {
	mu     sync.Mutex
	series []*Count
}

// Count is one series of a Tally.
type Count struct {
	n          atomic.Int64
	attributes metric.ObserveOption
}

// Add adds n, which is not negative. It costs nanoseconds and allocates nothing.
func (c *Count) Add(n int64) { c.n.Add(n) }

// NewTally registers a counter with the meter of a component. Its unit is that
// of OpenTelemetry, such as "{attempt}".
func (t *Telemetry) NewTally(component, name, unit, description string) (*Tally, error) {
	tally := new(Tally)
	_, err := t.Meter(component).Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description),
		metric.WithInt64Callback(tally.observe))
	if err != nil {
		return nil, fmt.Errorf("register metric %s: %w", name, err)
	}
	return tally, nil
}

// Of makes a series. Two with the same attributes must not be made: whoever needs
// one keeps it.
func (t *Tally) Of(attributes ...attribute.KeyValue) *Count {
	c := &Count{attributes: metric.WithAttributeSet(attribute.NewSet(attributes...))}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.series = append(t.series, c)
	return c
}

func (t *Tally) observe(_ context.Context, o metric.Int64Observer) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.series {
		o.Observe(c.n.Load(), c.attributes)
	}
	return nil
}
