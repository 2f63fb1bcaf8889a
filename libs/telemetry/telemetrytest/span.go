package telemetrytest

import (
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	spanpb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Span is a span as it was sent.
type Span struct {
	Service    string // of the process that made it
	Name       string
	Kind       trace.SpanKind
	Trace      trace.TraceID
	ID         trace.SpanID
	Parent     trace.SpanID // zero: none
	Links      []Place
	Attributes map[string]string // numbers and truths as text
	Events     []string
	Failed     bool
	Status     string // of a failure
	Start, End time.Time
}

// Place is where a span is.
type Place struct {
	Trace trace.TraceID
	Span  trace.SpanID
}

// Place returns where the span is.
func (s Span) Place() Place { return Place{s.Trace, s.ID} }

func spanOf(service string, in *spanpb.Span) Span {
	s := Span{
		Service: service, Name: in.GetName(), Kind: trace.SpanKind(in.GetKind()),
		Trace: trace.TraceID(in.GetTraceId()), ID: trace.SpanID(in.GetSpanId()), Attributes: map[string]string{},
		Failed: in.GetStatus().GetCode() == spanpb.Status_STATUS_CODE_ERROR, Status: in.GetStatus().GetMessage(),
		Start: time.Unix(0, int64(in.GetStartTimeUnixNano())), End: time.Unix(0, int64(in.GetEndTimeUnixNano())),
	}
	copy(s.Parent[:], in.GetParentSpanId())
	for _, a := range in.GetAttributes() {
		s.Attributes[a.GetKey()] = text(in.GetAttributes(), a.GetKey())
	}
	for _, l := range in.GetLinks() {
		s.Links = append(s.Links, Place{trace.TraceID(l.GetTraceId()), trace.SpanID(l.GetSpanId())})
	}
	for _, e := range in.GetEvents() {
		s.Events = append(s.Events, e.GetName())
	}
	return s
}

// text returns an attribute, "" where there is none.
func text(attributes []*commonpb.KeyValue, key string) string {
	for _, a := range attributes {
		if a.GetKey() != key {
			continue
		}
		switch v := a.GetValue().GetValue().(type) {
		case *commonpb.AnyValue_StringValue:
			return v.StringValue
		case *commonpb.AnyValue_IntValue:
			return fmt.Sprint(v.IntValue)
		case *commonpb.AnyValue_BoolValue:
			return fmt.Sprint(v.BoolValue)
		case *commonpb.AnyValue_DoubleValue:
			return fmt.Sprint(v.DoubleValue)
		}
		return a.GetValue().String()
	}
	return ""
}
