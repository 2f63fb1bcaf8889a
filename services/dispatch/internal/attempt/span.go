package attempt

import (
	"cmp"
	"context"
	"net/url"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/dispatch/internal/profile"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/sender"
)

// Scope is the instrumentation scope of the room's spans.
const Scope = "github.com/actionplane/actionplane/services/dispatch"

// begin starts the span of a try, where there is a trace: the way to the target
// and everything that it takes lies below.
func begin(ctx context.Context, req Request) (context.Context, trace.Span) {
	ctx, span := telemetry.Child(ctx, Scope, "attempt")
	if span.IsRecording() {
		Describe(span, req.Run, req.Position, req.Step)
		span.SetAttributes(attribute.Int("actionplane.attempt.number", max(req.Number, 1)))
	}
	return ctx, span
}

// Describe says in a span whose step it is about, that of a try and those
// around it.
func Describe(span trace.Span, id run.ID, position int, step run.Step) {
	span.SetAttributes(
		attribute.String("actionplane.run.id", id.String()), attribute.Int("actionplane.step.position", position),
		attribute.String("actionplane.target.id", step.TargetID), attribute.String("actionplane.target.name", step.TargetName),
		attribute.String("actionplane.target.kind", string(step.Kind)), attribute.Bool("actionplane.target.interrupts", step.Interrupts),
	)
}

// end ends it. An error is ours, one in the result the target's.
func end(span trace.Span, r Result, err error) {
	if span.IsRecording() {
		span.SetAttributes(attribute.String("actionplane.attempt.transport", string(r.Transport)))
		if failed := cmp.Or(err, r.Err); failed != nil {
			telemetry.Fail(span, failed, errorType(r, failed))
		}
	}
	span.End()
}

// errorType is the class of a failure: the target's status, what kept it from
// giving one, or our own trouble.
func errorType(r Result, err error) string {
	switch {
	case r.Status != 0:
		return strconv.Itoa(r.Status)
	case r.Transport != "":
		return string(r.Transport)
	}
	return fault.CodeOf(err).String()
}

// beginPost starts the client's span of a request over HTTP. Of the endpoint it
// says no more than host and port: the rest may hold secrets.
func beginPost(ctx context.Context, req Request) (context.Context, trace.Span) {
	ctx, span := telemetry.ChildOf(ctx, Scope, "POST", trace.SpanKindClient)
	if !span.IsRecording() {
		return ctx, span
	}
	span.SetAttributes(attribute.String("http.request.method", "POST"), attribute.Int("http.request.body.size", len(req.Body)))
	if req.Number > 1 {
		span.SetAttributes(attribute.Int("http.request.resend_count", req.Number-1))
	}
	if u, err := url.Parse(req.Step.Endpoint); err == nil {
		span.SetAttributes(attribute.String("url.scheme", u.Scheme), attribute.String("server.address", u.Hostname()))
		if port, err := strconv.Atoi(cmp.Or(u.Port(), usualPorts[u.Scheme])); err == nil {
			span.SetAttributes(attribute.Int("server.port", port))
		}
	}
	return ctx, span
}

var usualPorts = map[string]string{"http": "80", "https": "443"}

// endPost ends it.
func endPost(span trace.Span, answer sender.Response, err error) {
	if span.IsRecording() {
		describeAnswer(span, answer)
		switch {
		case err != nil:
			result, _ := unanswered("the target", answer.Status, err)
			telemetry.Fail(span, cmp.Or(result.Err, err), errorType(result, err))
		case answer.Status > 299 || answer.Status < 200:
			span.SetAttributes(attribute.String("error.type", strconv.Itoa(answer.Status)))
			span.SetStatus(codes.Error, "")
		}
	}
	span.End()
}

// describeAnswer says what came back and where the time went.
func describeAnswer(span trace.Span, answer sender.Response) {
	if answer.Status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", answer.Status), attribute.Int64("http.response.body.size", answer.BodySize))
	}
	if answer.Remote.IsValid() {
		span.SetAttributes(attribute.String("network.peer.address", answer.Remote.Addr().String()), attribute.Int("network.peer.port", int(answer.Remote.Port())))
	}
	span.SetAttributes(
		attribute.Bool("actionplane.connection.reused", answer.Reused),
		attribute.Float64("actionplane.connection.wait", answer.Timings.Wait.Seconds()),
		attribute.Float64("actionplane.connection.connect", answer.Timings.Connect.Seconds()),
		attribute.Float64("actionplane.connection.tls", answer.Timings.TLS.Seconds()),
		attribute.Float64("actionplane.connection.first_byte", answer.Timings.FirstByte.Seconds()),
	)
}

// beginRequest starts the client's span of a request on the bus. The subject is
// part of the target, so that there are few.
func beginRequest(ctx context.Context, subject string, req Request) (context.Context, trace.Span) {
	if span := trace.SpanFromContext(ctx); !span.IsRecording() {
		return ctx, span
	}
	ctx, span := telemetry.ChildOf(ctx, Scope, "request "+subject, trace.SpanKindClient)
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("messaging.system", "nats"), attribute.String("messaging.operation.name", "request"),
			attribute.String("messaging.operation.type", "send"), attribute.String("messaging.destination.name", subject),
			attribute.Int("messaging.message.body.size", len(req.Body)),
		)
	}
	return ctx, span
}

// traceparent is what a target is told of the trace of ctx, whose span is the
// client's; "": nothing. Vendor state and baggage are about us, and stay here.
//
// A stranger who gets another trace in its place gets one whenever ours is
// recorded, and our span links to it: by the id that he finds in his logs, we
// find the call.
func (m *Maker) traceparent(ctx context.Context, p *profile.Profile) string {
	switch cmp.Or(p.Trace, m.trace) {
	case profile.TraceInject:
		return telemetry.FormatTraceparent(trace.SpanContextFromContext(ctx))
	case profile.TraceRestart:
		span := trace.SpanFromContext(ctx)
		if !span.IsRecording() {
			return ""
		}
		other := telemetry.Elsewhere(ctx)
		span.AddLink(trace.Link{SpanContext: other})
		span.SetAttributes(attribute.String("actionplane.target.trace_id", other.TraceID().String()))
		return telemetry.FormatTraceparent(other)
	}
	return ""
}
