package announced_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/wirejson"
	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/announced"
)

const tenantID = "00000000-0000-4000-8000-000000000001"

var stored = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

// message is the 42nd of the stream. Each of header is a name and its value.
func message(eventType string, data []byte, header ...string) bus.Message {
	m := bus.Message{Subject: contract.EventSubject(tenantID, eventType), Data: data, Sequence: 42, Stored: stored, Header: map[string][]string{}}
	for i := 0; i < len(header); i += 2 {
		m.Header[header[i]] = []string{header[i+1]}
	}
	return m
}

func encode(t testing.TB, event *eventsv1.Event) []byte {
	t.Helper()
	data, err := proto.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const (
	messageID   = "Nats-Msg-Id"
	contentType = "Content-Type"
	added       = "user.human.added"
	payload     = `{ "userName" : "é", "n":1.50,"html":"<&>" }`
)

func TestRead(t *testing.T) {
	t.Parallel()
	whole := &eventsv1.Event{
		Id: "e1", Type: added, OrganizationId: "o1", OrderingKey: "u1", Payload: []byte(payload), UserId: "u", AggregateId: "a", AggregateType: "user",
		Sequence: 7, Version: "v1", CreatedAt: timestamppb.New(stored.Add(-time.Hour)), Attributes: map[string]string{"source": "s"},
	}
	filled := func(id string) *eventsv1.Event {
		return &eventsv1.Event{Id: id, Type: added, CreatedAt: timestamppb.New(stored)}
	}
	inJSON := &eventsv1.Event{Id: "e2", Type: added, OrganizationId: "o1", Payload: []byte(payload), CreatedAt: timestamppb.New(stored)}
	for name, tt := range map[string]struct {
		message bus.Message
		want    *eventsv1.Event
	}{
		"Protobuf":                              {message(added, encode(t, whole)), whole},
		"JSONWithItsPayloadByteForByte":         {message(added, []byte(`{"id":"e2","organizationId":"o1","payload":`+payload+`}`), contentType, "application/json; charset=utf-8"), inJSON},
		"SubjectHasTheLastWordOnTheType":        {message(added, encode(t, &eventsv1.Event{Id: "e3", Type: "org.removed"})), filled("e3")},
		"EventsOwnIDWins":                       {message(added, encode(t, &eventsv1.Event{Id: "e3"}), messageID, tenantID+"/e4"), filled("e3")},
		"MessageIDStandsForAMissingID":          {message(added, nil, messageID, tenantID+"/e4"), filled("e4")},
		"MessageIDWithoutATenant":               {message(added, nil, messageID, "e5"), filled("e5")},
		"SequenceStandsForBoth":                 {message(added, nil), filled("seq-42")},
		"SequenceStandsForAMessageIDOfNoEvent":  {message(added, nil, messageID, tenantID+"/"), filled("seq-42")},
		"ABlankPayloadIsNone":                   {message(added, encode(t, &eventsv1.Event{Id: "e6", Payload: []byte(" \n")})), &eventsv1.Event{Id: "e6", Type: added, Payload: []byte(" \n"), CreatedAt: timestamppb.New(stored)}},
		"WhichTypesThereCanBeIsNotDecidedHere":  {message("user/added", encode(t, &eventsv1.Event{Id: "e7"})), &eventsv1.Event{Id: "e7", Type: "user/added", CreatedAt: timestamppb.New(stored)}},
		"FieldsOfALaterReleaseAreNotLookedAt":   {message(added, []byte(`{"id":"e8","invented":[1]}`), contentType, "application/json"), filled("e8")},
		"JSONWithoutAPayloadHasNone":            {message(added, []byte(`{"id":"e9"}`), contentType, "application/json"), filled("e9")},
		"ContentTypeOfNoJSONLeavesItAtProtobuf": {message(added, encode(t, &eventsv1.Event{Id: "e10"}), contentType, "application/protobuf"), filled("e10")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := announced.Read(tt.message)
			if err != nil || !proto.Equal(withoutUnknown(got.Event), tt.want) {
				t.Errorf("got %v, %v, want %v", got.Event, err, tt.want)
			}
			if want := (announced.Kind{Tenant: tenantID, Type: tt.want.GetType()}); got.Kind != want {
				t.Errorf("got %v, want %v", got.Kind, want)
			}
		})
	}
}

func withoutUnknown(e *eventsv1.Event) *eventsv1.Event {
	if e != nil {
		e.ProtoReflect().SetUnknown(nil)
	}
	return e
}

func TestRead_RefusesForEver(t *testing.T) {
	t.Parallel()
	noType := bus.Message{Subject: strings.TrimSuffix(contract.EventSubject("notype", ""), ".")}
	for name, m := range map[string]bus.Message{
		"no protobuf":            message(added, []byte("\xff\xff")),
		"no JSON":                message(added, []byte("{"), contentType, "application/json"),
		"JSON of another kind":   message(added, []byte(`{"id":{}}`), contentType, "application/json"),
		"a list":                 message(added, []byte(`{"payload":[1]}`), contentType, "application/json"),
		"a text":                 message(added, encode(t, &eventsv1.Event{Payload: []byte(`"text"`)})),
		"half an object":         message(added, encode(t, &eventsv1.Event{Payload: []byte(`{"a":`)})),
		"two objects":            message(added, encode(t, &eventsv1.Event{Payload: []byte(`{}{}`)})),
		"a type not in UTF-8":    message("user.\xff", nil),
		"an id not in UTF-8":     message(added, nil, messageID, tenantID+"/\xff"),
		"a tenant not in UTF-8":  {Subject: contract.EventSubject("\xff", added)},
		"a subject of no type":   noType,
		"a subject of no tenant": {Subject: strings.TrimSuffix(contract.EventSubjects, ">")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := announced.Read(m); fault.CodeOf(err) != fault.CodeInvalid {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// FuzzRead: whatever comes is an event that can be stored and sent, or refused
// for ever.
func FuzzRead(f *testing.F) {
	f.Add(tenantID+"."+added, "", "", encode(f, &eventsv1.Event{Id: "e1", Payload: []byte(payload)}))
	f.Add(tenantID+"."+added, tenantID+"/e2", "application/json", []byte(`{"payload":`+payload+`}`))
	f.Add("t.\xff", "\xff", "application/json; charset=utf-8", []byte(`{"createdAt":"2026-01-02T03:04:05Z"}`))
	f.Add("t", "", "text/plain", []byte("\xff"))
	f.Fuzz(func(t *testing.T, about, id, content string, data []byte) {
		m := bus.Message{
			Subject: strings.TrimSuffix(contract.EventSubjects, ">") + about, Data: data, Sequence: 42, Stored: stored,
			Header: map[string][]string{messageID: {id}, contentType: {content}},
		}
		got, err := announced.Read(m)
		if err != nil {
			if fault.CodeOf(err) != fault.CodeInvalid {
				t.Fatalf("would come again: %v", err)
			}
			return
		}
		if got.Tenant+"."+got.GetType() != about || got.Kind.Type != got.GetType() || strings.Contains(got.Tenant, ".") {
			t.Fatalf("%q was read as %v of type %q", about, got.Kind, got.GetType())
		}
		if got.GetId() == "" || got.GetCreatedAt() == nil || !wirejson.IsObjectOrBlank(got.GetPayload()) {
			t.Fatalf("not complete: %v", got.Event)
		}
		if _, err := proto.Marshal(got.Event); err != nil {
			t.Fatal(err)
		}
	})
}

// batch is a message that says it holds n events.
func batch(n string, data []byte, header ...string) bus.Message {
	return message(added, data, append(header, "Actionplane-Events", n)...)
}

func TestUnpack(t *testing.T) {
	t.Parallel()
	events := []*eventsv1.Event{{Id: "e1", Payload: []byte(payload)}, {}, {UserId: "u"}}
	data, err := proto.Marshal(&eventsv1.EventBatch{Events: events})
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, 0x10, 0x07) // field 2 of a later release
	m := batch("3", data, messageID, tenantID+"/b")
	if !announced.Batched(m) || announced.Batched(message(added, data)) || announced.Weight(m) != 3 {
		t.Error("it is not known for a batch")
	}
	for text, want := range map[string]int{"": 1, "0": 1, "-5": 1, "x": 1, "64": 64} {
		if got := announced.Weight(batch(text, nil)); got != want {
			t.Errorf("%q counts for %d", text, got)
		}
	}
	if got := announced.Weight(message(added, make([]byte, 1<<20))); got != 32 {
		t.Errorf("a MiB counts for %d", got)
	}
	parts, err := announced.Unpack(m)
	if err != nil || len(parts) != len(events) {
		t.Fatalf("got %d, %v", len(parts), err)
	}
	for i, want := range []*eventsv1.Event{
		{Id: "e1", Type: added, Payload: []byte(payload), CreatedAt: timestamppb.New(stored)},
		{Id: "b-1", Type: added, CreatedAt: timestamppb.New(stored)},
		{Id: "b-2", Type: added, UserId: "u", CreatedAt: timestamppb.New(stored)},
	} {
		part := m
		part.Data, part.Part = parts[i], i
		if got, err := announced.Read(part); err != nil || !proto.Equal(got.Event, want) {
			t.Errorf("got %v, %v, want %v", got.Event, err, want)
		}
	}
}

func TestUnpack_RefusesForEver(t *testing.T) {
	t.Parallel()
	tooMany, err := proto.Marshal(&eventsv1.EventBatch{Events: make([]*eventsv1.Event, contract.MostEvents+1)})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"Nothing": nil, "TooMany": tooMany, "CutOff": {0x0a, 0x05, 0x01}, "NoTag": {0xff}, "CutOffElsewhere": {0x12, 0x05}} {
		if _, err := announced.Unpack(batch("2", data)); fault.CodeOf(err) != fault.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte{0x0a, 0x00, 0x10, 0x07})
	f.Add([]byte{0x0a, 0x02, 0x0a, 0x00})
	f.Fuzz(func(t *testing.T, data []byte) {
		events, err := announced.Unpack(batch("1", data))
		if err != nil {
			if fault.CodeOf(err) != fault.CodeInvalid {
				t.Fatalf("would come again: %v", err)
			}
			return
		}
		for i, event := range events {
			m := batch("1", event)
			m.Part = i
			if _, err := announced.Read(m); err != nil && fault.CodeOf(err) != fault.CodeInvalid {
				t.Fatalf("would come again: %v", err)
			}
		}
		whole := new(eventsv1.EventBatch)
		if proto.Unmarshal(data, whole) == nil && len(whole.GetEvents()) != len(events) {
			t.Fatalf("%d events, not %d", len(events), len(whole.GetEvents()))
		}
	})
}
