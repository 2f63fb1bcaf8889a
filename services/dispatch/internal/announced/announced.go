// Package announced reads what internal services announce: the messages of
// stream EVENTS, whoever published them and in whichever language.
package announced

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/wirejson"
	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
)

// Kind is what a chain answers to: the events of one type of one tenant.
type Kind struct{ Tenant, Type string }

// Event is one that was announced, complete: it has an id, a type and a time.
// Whether its type can have a condition, executions tells.
type Event struct {
	Kind
	*eventsv1.Event
}

// Weight is for how many events a message counts: for those that it says it
// holds, and for one of each 32 KiB, so that large ones do not fill the memory.
func Weight(m bus.Message) int {
	n, err := strconv.Atoi(get(m.Header, contract.HeaderEvents))
	if err != nil {
		n = 1
	}
	return max(1, n, len(m.Data)/weighty)
}

const weighty = 32 << 10

// Batched reports whether a message holds a batch, be it of one.
func Batched(m bus.Message) bool { return get(m.Header, contract.HeaderEvents) != "" }

func get(header map[string][]string, name string) string {
	if values := header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Unpack returns the events of a batch, each as it would be a message's.
// CodeInvalid: it is none.
func Unpack(m bus.Message) (events [][]byte, err error) {
	for data := m.Data; len(data) > 0; {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return nil, malformed(m)
		}
		data = data[n:]
		if number != eventsField || kind != protowire.BytesType {
			n = protowire.ConsumeFieldValue(number, kind, data) // of a later release
		} else if event, size := protowire.ConsumeBytes(data); size >= 0 {
			events, n = append(events, event), size
		} else {
			n = size
		}
		if n < 0 {
			return nil, malformed(m)
		}
		data = data[n:]
	}
	if len(events) == 0 || len(events) > contract.MostEvents {
		return nil, fault.Invalid("events %s: %d in a batch, of 1 to %d", m.ID(), len(events), contract.MostEvents)
	}
	return events, nil
}

// eventsField is EventBatch.events.
const eventsField = 1

func malformed(m bus.Message) error { return fault.Invalid("events %s: malformed", m.ID()) }

// Read reads a message, in protobuf or, where its publisher says so, in JSON.
// The subject has the last word on tenant and type, for that is what the NATS
// server's permissions hold for. An event without an id has its message's, else
// one of its place in the stream, and in a batch its place there. CodeInvalid: it will never be an event.
func Read(m bus.Message) (Event, error) {
	kind, err := kindOf(m.Subject)
	if err != nil {
		return Event{}, err
	}
	event := new(eventsv1.Event)
	decode := proto.Unmarshal
	if m.IsJSON() {
		decode = wirejson.Default().Unmarshal
	}
	if err := decode(m.Data, event); err != nil {
		return Event{}, fault.Invalid("event %s: malformed", m.ID()).Because(err)
	}
	if !wirejson.IsObjectOrBlank(event.GetPayload()) {
		return Event{}, fault.Invalid("event.payload: must be a JSON object")
	}
	complete(event, kind, m)
	if !utf8.ValidString(event.GetId()) { // a message's, for a decoder has looked at the event's own
		return Event{}, fault.Invalid("event.id: is not UTF-8")
	}
	return Event{Kind: kind, Event: event}, nil
}

// kindOf reads a subject.
func kindOf(subject string) (Kind, error) {
	tenantID, eventType, ok := strings.Cut(strings.TrimPrefix(subject, eventPrefix), ".")
	if !ok || !utf8.ValidString(tenantID) {
		return Kind{}, fault.Invalid("subject %q names no tenant and type", subject)
	}
	if !utf8.ValidString(eventType) {
		return Kind{}, fault.Invalid("event.type: is not UTF-8")
	}
	return Kind{Tenant: tenantID, Type: eventType}, nil
}

// ByTenant adds up numbers of messages, given by subject. Those whose subject is
// no event's are nobody's.
func ByTenant(bySubject map[string]uint64) map[string]uint64 {
	byTenant := map[string]uint64{}
	for subject, n := range bySubject {
		if kind, err := kindOf(subject); err == nil {
			byTenant[kind.Tenant] += n
		}
	}
	return byTenant
}

var eventPrefix = strings.TrimSuffix(contract.EventSubjects, ">")

// complete fills in what a publisher may leave out.
func complete(event *eventsv1.Event, kind Kind, m bus.Message) {
	event.Type = kind.Type
	named := event.GetId() != ""
	if !named {
		event.Id = strings.TrimPrefix(m.ID(), kind.Tenant+"/")
	}
	if event.GetId() == "" {
		event.Id = "seq-" + strconv.FormatUint(m.Sequence, 10)
	}
	if !named && Batched(m) {
		event.Id += "-" + strconv.Itoa(m.Part)
	}
	if event.GetCreatedAt() == nil {
		event.CreatedAt = timestamppb.New(m.Stored)
	}
}
