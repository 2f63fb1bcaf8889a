package contract

import "strings"

// The durable messages: their streams and subjects. The owner of a stream
// declares it (libs/bus, Stream); who publishes needs only these names.
const (
	// EventsStream holds what internal services publish, as
	// actionplane.events.v1.Event, or as EventBatch where HeaderEvents says so.
	EventsStream = "EVENTS"
	// EventsConsumer is whose progress through EVENTS is: dispatch's, under the
	// name of who had it before. A work queue has one consumer, which replicas of
	// both releases share while one replaces the other.
	EventsConsumer = "executions"
	// RunsStream holds what executions of the release before hands to dispatch,
	// as actionplane.dispatch.v1.DeliverEventCommand.
	RunsStream = "RUNS"
	// ChangesStream holds every change of configuration, as
	// actionplane.changes.v1.Change.
	ChangesStream = "CHANGES"
	// ApprovalsStream holds gated changes that were made at once, as
	// actionplane.approvals.v1.RecordChangeCommand, until approvals has
	// recorded them.
	ApprovalsStream = "APPROVALS"
	// AuditHeadsStream holds the heads of the audit chains, as
	// actionplane.approvals.v1.AuditHead, for ever.
	AuditHeadsStream = "AUDIT_HEADS"

	eventPrefix   = "actionplane.events.v1."
	deliverPrefix = "actionplane.dispatch.v1.cmd.deliver_event."
	changePrefix  = "actionplane.changes.v1."
	recordPrefix  = "actionplane.approvals.v1.cmd.record_change."
	headPrefix    = "actionplane.approvals.v1.audit_head."
)

// EventSubject is where an event of a type, e.g. "user.human.added", goes.
func EventSubject(tenant, eventType string) string { return eventPrefix + tenant + "." + eventType }

// EventMessageID is the Nats-Msg-Id under which an event is stored once. The
// stream is every tenant's, and tenants choose their event ids on their own.
func EventMessageID(tenant, eventID string) string { return tenant + "/" + eventID }

// MostEvents is how many events a message holds at most.
const MostEvents = 64

// Packing is what of an event decides with which others it goes into a message.
type Packing struct {
	Type  string
	Alone bool // it goes with no others: it has an order to keep, or an id to be known by
	Size  int  // bytes, about
}

// messageSize is how many bytes of events go into one message, about.
const messageSize = 128 << 10

// EventsTogether returns how many of n events, from the first, go into one
// message, which holds at most so many. There is at least one event.
func EventsTogether(n, most int, event func(i int) Packing) int {
	first := event(0)
	size := first.Size
	for i := 1; i < n; i++ {
		next := event(i)
		size += next.Size
		if first.Alone || next.Alone || next.Type != first.Type || i >= most || size > messageSize {
			return i
		}
	}
	return n
}

// EventSubjects matches every event.
const EventSubjects = eventPrefix + ">"

// DeliverEventSubject is where a DeliverEventCommand goes.
func DeliverEventSubject(tenant string) string { return deliverPrefix + tenant }

// DeliverEventSubjects matches every DeliverEventCommand.
const DeliverEventSubjects = deliverPrefix + ">"

// ChangeSubject is where a change of a resource, e.g. "target", goes.
func ChangeSubject(tenant, resource string) string { return changePrefix + tenant + "." + resource }

// ChangeSubjects matches every change.
const ChangeSubjects = changePrefix + ">"

// RecordChangeSubject is where a RecordChangeCommand goes.
func RecordChangeSubject(tenant string) string { return recordPrefix + tenant }

// RecordChangeSubjects matches every RecordChangeCommand.
const RecordChangeSubjects = recordPrefix + ">"

// AuditHeadSubject is where the heads of an organization's chain go.
func AuditHeadSubject(tenant, organization string) string {
	return headPrefix + tenant + "." + organization
}

// AuditHeadSubjects matches every AuditHead.
const AuditHeadSubjects = headPrefix + ">"

// templates are the subjects of durable messages without what they are about.
var templates = [...]struct{ prefix, template string }{
	{eventPrefix, eventPrefix + "{tenant}.{type}"},
	{deliverPrefix, deliverPrefix + "{tenant}"},
	{changePrefix, changePrefix + "{tenant}.{resource}"},
	{recordPrefix, recordPrefix + "{tenant}"},
	{headPrefix, headPrefix + "{tenant}.{organization}"},
}

// SubjectTemplate returns what the subjects of messages of a kind have in
// common, by which telemetry names them: there are few. A subject of none of
// ours is its own template.
func SubjectTemplate(subject string) string {
	for _, t := range templates {
		if strings.HasPrefix(subject, t.prefix) {
			return t.template
		}
	}
	return subject
}
