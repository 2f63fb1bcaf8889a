package telemetry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Instruments makes the metrics of a component, one after the other; what went
// wrong Err tells in the end. Units are OpenTelemetry's: "s", "By", "{attempt}".
type Instruments struct {
	meter    metric.Meter
	problems []error
}

// Instruments returns a maker of a component's metrics.
func (t *Telemetry) Instruments(component string) *Instruments {
	return InstrumentsOf(t.Meter(component))
}

// InstrumentsOf returns a maker of metrics of a meter.
func InstrumentsOf(meter metric.Meter) *Instruments { return &Instruments{meter: meter} }

// Err returns every problem there was.
func (i *Instruments) Err() error { return errors.Join(i.problems...) }

func (i *Instruments) check(name string, err error) {
	if err != nil {
		i.problems = append(i.problems, fmt.Errorf("register metric %s: %w", name, err))
	}
}

// Tally makes a counter, see Tally.
func (i *Instruments) Tally(name, unit, description string) *Tally {
	t, err := NewTally(i.meter, name, unit, description)
	i.check(name, err)
	return t
}

// Durations makes a histogram of durations; bounds are in seconds.
func (i *Instruments) Durations(name, description string, bounds ...float64) Durations {
	h, err := i.meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(bounds...))
	i.check(name, err)
	return Durations{h}
}

// Observe is what a reading is told to: a value of a series.
type Observe func(value float64, attributes ...attribute.KeyValue)

// Gauge makes a gauge that is read when metrics are collected.
func (i *Instruments) Gauge(name, unit, description string, read func(context.Context, Observe)) {
	g, err := i.meter.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	i.check(name, err)
	i.observed(name, g, read)
}

// Counter makes a counter that somebody else counts, and that is read when
// metrics are collected.
func (i *Instruments) Counter(name, unit, description string, read func(context.Context, Observe)) {
	c, err := i.meter.Float64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	i.check(name, err)
	i.observed(name, c, read)
}

func (i *Instruments) observed(name string, instrument metric.Float64Observable, read func(context.Context, Observe)) {
	_, err := i.meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		read(ctx, func(value float64, attributes ...attribute.KeyValue) {
			o.ObserveFloat64(instrument, value, metric.WithAttributeSet(attribute.NewSet(attributes...)))
		})
		return nil
	}, instrument)
	i.check(name, err)
}

// Durations is a histogram of durations.
type Durations struct{ histogram metric.Float64Histogram }

// Of makes a series; whoever needs one keeps it, for recording then allocates
// nothing.
func (d Durations) Of(attributes ...attribute.KeyValue) DurationSeries {
	return DurationSeries{d.histogram, []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attributes...))}}
}

// DurationSeries is one series of Durations. It is safe for concurrent use.
type DurationSeries struct {
	histogram metric.Float64Histogram
	options   []metric.RecordOption
}

// Record adds a duration. ctx says which trace it belongs to.
func (s DurationSeries) Record(ctx context.Context, took time.Duration) {
	s.histogram.Record(ctx, took.Seconds(), s.options...)
}
