package worker

import (
	"cmp"
	"context"
	"net/url"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

const scope = "github.com/actionplane/actionplane/services/scripts"

// beginUse starts the span of what a worker process does, where the caller is
// traced. Workers know nothing of traces: they run nothing but scripts, and
// hold nothing that could be sent anywhere. What they tell of an invocation is
// made spans of here.
func beginUse(ctx context.Context, w *process) (context.Context, trace.Span) {
	ctx, span := telemetry.Child(ctx, scope, "script worker")
	if span.IsRecording() {
		span.SetAttributes(attribute.Int("process.pid", w.cmd.Process.Pid))
	}
	return ctx, span
}

// endUse ends it, with a client's span of each call that the script has made.
func endUse(ctx context.Context, span trace.Span, r *invocation.Result) {
	if span.IsRecording() && r != nil {
		span.SetAttributes(
			attribute.Float64("actionplane.invocation.vm_duration", r.Duration.Seconds()), attribute.Float64("actionplane.invocation.cpu", r.CPU.Seconds()),
			attribute.Int64("actionplane.invocation.peak_memory", r.PeakMemory),
		)
		if r.Error != nil {
			span.SetStatus(codes.Error, r.Error.Message)
		}
		for _, c := range r.Calls {
			fetched(ctx, c)
		}
	}
	span.End()
}

// fetched makes a span of a call that is over. Whom the script asked is not
// told of the trace: a script that wants that sets the header itself. Of the
// address it says no more than host and port: the rest may hold what nobody
// knew to be a secret.
func fetched(ctx context.Context, c invocation.Call) {
	_, span := telemetry.ChildOf(ctx, scope, methodName(c.Method), trace.SpanKindClient, trace.WithTimestamp(c.Start))
	span.SetAttributes(
		attribute.String("http.request.method", c.Method), attribute.Int("http.request.body.size", c.Sent),
		attribute.Int("http.response.body.size", c.Received),
	)
	if u, err := url.Parse(c.URL); err == nil {
		span.SetAttributes(attribute.String("url.scheme", u.Scheme), attribute.String("server.address", u.Hostname()))
		if port, err := strconv.Atoi(cmp.Or(u.Port(), usualPorts[u.Scheme])); err == nil {
			span.SetAttributes(attribute.Int("server.port", port))
		}
	}
	if c.Status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", c.Status))
	}
	switch {
	case c.Error != "":
		span.SetStatus(codes.Error, c.Error)
		span.SetAttributes(attribute.String("error.type", "unanswered"))
	case c.Status >= 400:
		span.SetStatus(codes.Error, "")
		span.SetAttributes(attribute.String("error.type", strconv.Itoa(c.Status)))
	}
	span.End(trace.WithTimestamp(c.Start.Add(c.Duration)))
}

// methodName is the name of the span; a script may make up methods, and there
// shall be few names.
func methodName(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return method
	}
	return "HTTP"
}

var usualPorts = map[string]string{"http": "80", "https": "443"}
