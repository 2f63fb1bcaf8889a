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
	counter metric.Int64Observable

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

// NewTally registers a counter. Its unit is that of OpenTelemetry, such as
// "{attempt}". Tallies of one name and meter add up.
func NewTally(meter metric.Meter, name, unit, description string) (*Tally, error) {
	counter, err := meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	if err != nil {
		return nil, fmt.Errorf("register metric %s: %w", name, err)
	}
	tally := &Tally{counter: counter}
	// Not given to the counter itself, which takes that of its first maker only.
	if _, err := meter.RegisterCallback(tally.observe, counter); err != nil {
		return nil, fmt.Errorf("register metric %s: %w", name, err)
	}
	return tally, nil
}

// Of makes a series; whoever needs one keeps it. Those with the same attributes
// add up.
func (t *Tally) Of(attributes ...attribute.KeyValue) *Count {
	c := &Count{attributes: metric.WithAttributeSet(attribute.NewSet(attributes...))}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.series = append(t.series, c)
	return c
}

func (t *Tally) observe(_ context.Context, o metric.Observer) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.series {
		o.ObserveInt64(t.counter, c.n.Load(), c.attributes)
	}
	return nil
}
