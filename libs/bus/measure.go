package bus

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/proto/contract"
)

// meters are what is measured of a connection's traffic. Series of successes
// are made once and looked up: a measurement of one allocates nothing. No
// label holds a tenant, an id, or a subject that a stranger chose.
type meters struct {
	meter metric.Meter

	served, called metric.Float64Histogram // by method
	sending        metric.Float64Histogram // by template
	processing     metric.Float64Histogram // by template and consumer
	sent, consumed *telemetry.Tally

	calls sync.Map                  // *contract.Method to []metric.RecordOption
	sends map[string]*messageSeries // by template; Other is that of all others
}

// Bounds of histograms, in seconds.
var (
	callBounds    = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	messageBounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
)

func newMeters(provider metric.MeterProvider) (*meters, error) {
	if provider == nil {
		provider = noop.NewMeterProvider()
	}
	m := &meters{meter: provider.Meter(scope)}
	for _, h := range []struct {
		to                *metric.Float64Histogram
		name, description string
		bounds            []float64
	}{
		{&m.served, "rpc.server.call.duration", "calls that were answered, from when a handler was free to the answer", callBounds},
		{&m.called, "rpc.client.call.duration", "calls that were made, until the answer, waiting for an owner to come up included", callBounds},
		{&m.sending, "messaging.client.operation.duration", "messages sent, until their stream has stored them; a batch is one", messageBounds},
		{&m.processing, "messaging.process.duration", "messages handled, from when a handler was free to its end", messageBounds},
	} {
		var err error
		*h.to, err = m.meter.Float64Histogram(h.name, metric.WithUnit("s"), metric.WithDescription(h.description), metric.WithExplicitBucketBoundaries(h.bounds...))
		if err != nil {
			return nil, fmt.Errorf("register metric %s: %w", h.name, err)
		}
	}
	var err error
	m.sent, err = telemetry.NewTally(m.meter, "messaging.client.sent.messages", "{message}", "messages sent that their stream has stored, and those that it has not, by class of error")
	if err != nil {
		return nil, err
	}
	m.consumed, err = telemetry.NewTally(m.meter, "messaging.client.consumed.messages", "{message}", "messages handled, repetitions included, by class of error")
	if err != nil {
		return nil, err
	}
	m.sends = m.newSends()
	return m, nil
}

// method describes a method that was answered as it should be.
func (m *meters) method(of *contract.Method) []metric.RecordOption {
	if known, ok := m.calls.Load(of); ok {
		return known.([]metric.RecordOption)
	}
	made := recorded(answered(of, nil)...)
	m.calls.Store(of, made)
	return made
}

func answered(of *contract.Method, err error) []attribute.KeyValue {
	return []attribute.KeyValue{attrRPCSystem.String(systemNATS), attrRPCMethod.String(rpcName(of)), attrRPCStatus.String(codeName(err))}
}

func recorded(about ...attribute.KeyValue) []metric.RecordOption {
	return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(about...))}
}

// call measures the caller's side. To him every error is a failure.
func (m *meters) call(ctx context.Context, of *contract.Method, start time.Time, err error) {
	took := time.Since(start).Seconds()
	if err == nil {
		m.called.Record(ctx, took, m.method(of)...)
		return
	}
	m.called.Record(ctx, took, recorded(append(answered(of, err), attrErrorType.String(codeName(err)))...)...)
}

// serve measures the owner's side. A refusal is an answer like any other: only
// what is our own failure has the class of an error.
func (m *meters) serve(ctx context.Context, of *contract.Method, start time.Time, err error) {
	took := time.Since(start).Seconds()
	if err == nil {
		m.served.Record(ctx, took, m.method(of)...)
		return
	}
	about := answered(of, err)
	if !fault.Permanent(err) {
		about = append(about, attrErrorType.String(codeName(err)))
	}
	m.served.Record(ctx, took, recorded(about...)...)
}

// messageSeries are the series of messages of a kind that go one way: what went
// well, and, made when first needed, each class of error.
type messageSeries struct {
	about    []attribute.KeyValue
	duration metric.Float64Histogram
	count    *telemetry.Tally
	ok       messageCount
	failed   sync.Map // class of error to messageCount
}

type messageCount struct {
	count   *telemetry.Count
	options []metric.RecordOption
}

func newMessageSeries(duration metric.Float64Histogram, count *telemetry.Tally, about ...attribute.KeyValue) *messageSeries {
	s := &messageSeries{about: append(about, attrSystem.String(systemNATS)), duration: duration, count: count}
	s.ok = s.with()
	return s
}

func (s *messageSeries) with(more ...attribute.KeyValue) messageCount {
	about := append(s.about[:len(s.about):len(s.about)], more...)
	return messageCount{s.count.Of(about...), recorded(about...)}
}

// of returns the series of an outcome. There are as many as there are codes.
func (s *messageSeries) of(err error) messageCount {
	if err == nil {
		return s.ok
	}
	class := codeName(err)
	known, ok := s.failed.Load(class)
	if !ok { // of two that make it at once, both count, and the sums are added
		known, _ = s.failed.LoadOrStore(class, s.with(attrErrorType.String(class)))
	}
	return known.(messageCount)
}

func (s *messageSeries) record(ctx context.Context, n int, start time.Time, err error) {
	c := s.of(err)
	c.count.Add(int64(n))
	s.duration.Record(ctx, time.Since(start).Seconds(), c.options...)
}

// send measures n messages that were sent as one.
func (m *meters) send(ctx context.Context, subject string, n int, start time.Time, err error) {
	s, ok := m.sends[contract.SubjectTemplate(subject)]
	if !ok {
		s = m.sends[telemetry.Other]
	}
	s.record(ctx, n, start, err)
}

// newSends makes the series of all kinds of messages that there are.
func (m *meters) newSends() map[string]*messageSeries {
	all := map[string]*messageSeries{}
	for template := range processNames {
		all[template] = newMessageSeries(m.sending, m.sent, attrOperation.String("send"), attrTemplate.String(template))
	}
	all[telemetry.Other] = newMessageSeries(m.sending, m.sent, attrOperation.String("send"), attrTemplate.String(telemetry.Other))
	return all
}

// newProcess makes the series of a consumer of messages like one on subject.
func (m *meters) newProcess(consumer, subject string) *messageSeries {
	template := contract.SubjectTemplate(subject)
	if _, ours := processNames[template]; !ours {
		template = telemetry.Other
	}
	return newMessageSeries(m.processing, m.consumed,
		attrOperation.String("process"), attrTemplate.String(template), attrGroup.String(consumer))
}
