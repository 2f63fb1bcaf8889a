package bus

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
)

// Names and attributes are those of OpenTelemetry's semantic conventions 1.44,
// where they have any: messaging for what goes into a stream, RPC for calls.
// NATS is in neither registry.
const scope = "github.com/actionplane/actionplane/libs/bus"

const (
	attrSystem      = attribute.Key("messaging.system")
	attrOperation   = attribute.Key("messaging.operation.name")
	attrOperationIs = attribute.Key("messaging.operation.type")
	attrDestination = attribute.Key("messaging.destination.name")
	attrTemplate    = attribute.Key("messaging.destination.template")
	attrGroup       = attribute.Key("messaging.consumer.group.name")
	attrMessageID   = attribute.Key("messaging.message.id")
	attrSize        = attribute.Key("messaging.message.body.size")
	attrCount       = attribute.Key("messaging.batch.message_count")
	attrRPCSystem   = attribute.Key("rpc.system.name")
	attrRPCMethod   = attribute.Key("rpc.method")
	attrRPCStatus   = attribute.Key("rpc.response.status_code")
	attrErrorType   = attribute.Key("error.type")
	attrTenant      = attribute.Key("actionplane.tenant")
	attrDelivered   = attribute.Key("actionplane.message.delivered")

	systemNATS = "nats"
)

// Made once: options that are made for every span are allocated for every
// span, also where nobody records it.
var (
	serverKind   = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}
	clientKind   = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient)}
	producerKind = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindProducer)}
	consumerKind = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer)}
)

// below starts a span in a trace that is sampled; otherwise there is none. A
// trace begins where a call or a message comes in, never where one goes out:
// what a service does by itself, such as looking what is due, is no trace.
func (c *Conn) below(ctx context.Context, name string, kind []trace.SpanStartOption) (context.Context, trace.Span) {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx, noSpan
	}
	return c.tracer.Start(ctx, name, kind...)
}

// noSpan does nothing.
var noSpan = trace.SpanFromContext(context.Background())

// rpcName is a method as RPC conventions write it.
func rpcName(m *contract.Method) string { return strings.TrimPrefix(m.FullName, "/") }

// describeCall says in a span, either side's, what is called.
func describeCall(ctx context.Context, span trace.Span, m *contract.Method) {
	if span.IsRecording() {
		span.SetAttributes(attrRPCSystem.String(systemNATS), attrRPCMethod.String(rpcName(m)),
			attrTemplate.String(m.Subject+".{tenant}"), attrTenant.String(string(tenant.From(ctx).Tenant)))
	}
}

// startCall begins the caller's side of a call.
func (c *Conn) startCall(ctx context.Context, m *contract.Method) (context.Context, trace.Span) {
	ctx, span := c.below(ctx, rpcName(m), clientKind)
	describeCall(ctx, span, m)
	return ctx, span
}

// endCall ends it. To the caller every error is a failure.
func endCall(span trace.Span, err error) {
	if err != nil && span.IsRecording() {
		said := codeName(err)
		span.SetAttributes(attrRPCStatus.String(said), attrErrorType.String(said))
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}

// endServe ends the owner's side. A refusal is an answer like any other: only
// what is our own failure counts as one.
func endServe(span trace.Span, err error) {
	if err != nil && span.IsRecording() {
		span.SetAttributes(attrRPCStatus.String(codeName(err)))
		if !fault.Permanent(err) {
			span.SetAttributes(attrErrorType.String(codeName(err)))
			span.SetStatus(codes.Error, err.Error())
		}
	}
	span.End()
}

// codeName is the class of an error as gRPC names it.
func codeName(err error) string { return fault.CodeOf(err).String() }

// startSend begins the sending of n messages into a stream. They carry the
// span: their creation context.
func (c *Conn) startSend(ctx context.Context, subject string, n int) (context.Context, trace.Span) {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx, noSpan
	}
	template := contract.SubjectTemplate(subject)
	ctx, span := c.tracer.Start(ctx, "send "+template, producerKind...)
	if span.IsRecording() {
		span.SetAttributes(attrSystem.String(systemNATS), attrOperation.String("send"), attrOperationIs.String("send"), attrTemplate.String(template))
		if n > 1 {
			span.SetAttributes(attrCount.Int(n))
		} else {
			span.SetAttributes(attrDestination.String(subject))
		}
	}
	return ctx, span
}

// startProcess begins the handling of one message. Its span is a child of the
// message's creation context and links to it, too: conventions ask for the
// link, for a message may be one of a batch; here it is always one, and who
// looks for an event finds all of its way under one trace id.
func (c *Conn) startProcess(ctx context.Context, group string, m Message) (context.Context, trace.Span) {
	template := contract.SubjectTemplate(m.Subject)
	ctx, span := c.tracer.Start(ctx, processName(template), consumerOf(ctx)...)
	if span.IsRecording() {
		span.SetAttributes(
			attrSystem.String(systemNATS), attrOperation.String("process"), attrOperationIs.String("process"),
			attrTemplate.String(template), attrDestination.String(m.Subject),
			attrMessageID.String(m.ID()), attrSize.Int(len(m.Data)), attrDelivered.Int64(int64(m.Delivered)),
		)
		if group != "" {
			span.SetAttributes(attrGroup.String(group))
		}
	}
	return ctx, span
}

// startFollowed is startProcess for a follower, who keeps what he learns: there
// is a span where the change itself is traced, and no trace of his own.
func (c *Conn) startFollowed(ctx context.Context, m Message) trace.Span {
	ctx = telemetry.Extract(ctx, m.Header)
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return noSpan
	}
	_, span := c.startProcess(ctx, "", m)
	return span
}

// consumerOf links to the creation context that was extracted into ctx.
func consumerOf(ctx context.Context) []trace.SpanStartOption {
	created := trace.SpanContextFromContext(ctx)
	if !created.IsSampled() {
		return consumerKind
	}
	return []trace.SpanStartOption{consumerKind[0], trace.WithLinks(trace.Link{SpanContext: created})}
}

// endProcess ends it with the error that decided on the message.
func endProcess(span trace.Span, err error) {
	if err != nil && span.IsRecording() {
		span.SetAttributes(attrErrorType.String(codeName(err)))
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}

// processName returns "process <template>", which is needed for every message.
func processName(template string) string {
	if name, ok := processNames[template]; ok {
		return name
	}
	return "process " + template
}

// processNames by template.
var processNames = func() map[string]string {
	names := map[string]string{}
	for _, subjects := range []string{
		contract.EventSubjects, contract.DeliverEventSubjects, contract.ChangeSubjects, contract.RecordChangeSubjects, contract.AuditHeadSubjects,
	} {
		template := contract.SubjectTemplate(subjects)
		names[template] = "process " + template
	}
	return names
}()
