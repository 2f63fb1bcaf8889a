package envelope_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/services/dispatch/internal/envelope"
	"pgregory.net/rapid"
)

var caller = envelope.Caller{InstanceID: "i", OrgID: "o", ProjectID: "p", UserID: "u"}

func TestCallAppend(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		call envelope.Call
		want string
	}{
		{"Request",
			envelope.Call{FullMethod: "/a.Svc/M", Caller: caller, Request: []byte(`{"b": 1.0}`)},
			`{"fullMethod":"/a.Svc/M","instanceID":"i","orgID":"o","projectID":"p","userID":"u","request":{"b": 1.0}}`},
		{"Response",
			envelope.Call{FullMethod: "a.Svc/M", Caller: caller, Request: []byte(`{}`), Response: []byte(`{"c":2}`)},
			`{"fullMethod":"/a.Svc/M","instanceID":"i","orgID":"o","projectID":"p","userID":"u","request":{},"response":{"c":2}}`},
		{"EmptyOnesAreLeftOut",
			envelope.Call{FullMethod: "/a.Svc/M"},
			`{"fullMethod":"/a.Svc/M"}`},
		{"HeadersOfTheListInItsOrder",
			envelope.Call{FullMethod: "/a.Svc/M", Headers: []envelope.Header{
				{Name: "authorization", Values: []string{"Bearer secret"}},
				{Name: "host", Values: []string{"example.com"}},
				{Name: "Origin"},
				{Name: "X-FORWARDED-FOR", Values: []string{"1.2.3.4", "5.6.7.8"}},
				{Name: "x-forwarded-for", Values: []string{"again"}},
			}},
			`{"fullMethod":"/a.Svc/M","headers":{"X-Forwarded-For":["1.2.3.4","5.6.7.8"],"Host":["example.com"]}}`},
		{"NoHeaderOfTheList",
			envelope.Call{FullMethod: "/a.Svc/M", Headers: []envelope.Header{{Name: "Cookie", Values: []string{"secret"}}}},
			`{"fullMethod":"/a.Svc/M"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := string(tt.call.Append([]byte("before"))); got != "before"+tt.want {
				t.Errorf("got  %s\nwant before%s", got, tt.want)
			}
		})
	}
}

func TestFunctionAppend(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		function envelope.Function
		want     string
	}{
		{"FirstStep",
			envelope.Function{Name: "preuserinfo", Context: []byte(`{"user": {"id":"1"}, "user_grants":[ ]}`)},
			`{"function":"function/preuserinfo","user":{"id":"1"},"user_grants":[ ]}`},
		{"LaterStepSeesWhatIsCollected",
			envelope.Function{Name: "preuserinfo", Context: []byte(`{"org":{}}`), Response: []byte(`{"append_claims":[]}`)},
			`{"function":"function/preuserinfo","org":{},"response":{"append_claims":[]}}`},
		{"NoContext", envelope.Function{Name: "f"}, `{"function":"function/f"}`},
		{"EmptyContext", envelope.Function{Name: "f", Context: []byte(` { } `)}, `{"function":"function/f"}`},
		{"ContextCannotSpeakForUs",
			envelope.Function{Name: "f", Context: []byte(`{"function":"x","a":1,"\u0066unction":"x","response":{"x":[]},"b":"}"}`)},
			`{"function":"function/f","a":1,"b":"}"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := string(tt.function.Append(nil)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestEventAppend(t *testing.T) {
	t.Parallel()
	full := envelope.Event{
		AggregateID: "1", AggregateType: "user", ResourceOwner: "o", InstanceID: "i", Version: "v2", Sequence: 1<<64 - 1,
		Type: "user.human.added", CreatedAt: time.Date(2026, 1, 2, 4, 4, 5, 6_000, time.FixedZone("", 3600)), UserID: "u",
		Payload: []byte(`{"userName":"x"}`), Attributes: map[string]string{"source": "/s", "dataschema": `"1"`},
	}
	want := `{"aggregateID":"1","aggregateType":"user","resourceOwner":"o","instanceID":"i","version":"v2",` +
		`"sequence":18446744073709551615,"event_type":"user.human.added","created_at":"2026-01-02T03:04:05.000006Z",` +
		`"userID":"u","event_payload":{"userName":"x"},"attributes":{"dataschema":"\"1\"","source":"/s"}}`
	if got := string(full.Append(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(envelope.Event{Type: "a"}.Append(nil)); got != `{"event_type":"a"}` {
		t.Errorf("of an event with only a type: %s", got)
	}
	if got := string(envelope.Event{}.Append(nil)); got != `{}` {
		t.Errorf("of nothing: %s", got)
	}
}

// TestAppendAgreesWithEncodingJSON: whatever the texts hold, a reader finds
// what encoding/json would have told it.
func TestAppendAgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()
	text := rapid.Custom(func(t *rapid.T) string { // bytes, for not all of them are UTF-8
		return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
	})
	rapid.Check(t, func(t *rapid.T) {
		e := envelope.Event{AggregateID: text.Draw(t, "aggregate"), Type: text.Draw(t, "type"), UserID: text.Draw(t, "user")}
		var got, want map[string]string
		model, err := json.Marshal(map[string]string{"aggregateID": e.AggregateID, "event_type": e.Type, "userID": e.UserID})
		if err != nil {
			t.Fatal(err)
		}
		body := e.Append(nil)
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if err := json.Unmarshal(model, &want); err != nil {
			t.Fatal(err)
		}
		for key, value := range want {
			if got[key] != value {
				t.Fatalf("%s is %q, want %q", key, got[key], value)
			}
		}
	})
}

func TestAppendDoesNotAllocate(t *testing.T) { // AllocsPerRun forbids t.Parallel
	payload := []byte(`{"name":"` + strings.Repeat("x", 1000) + `"}`)
	buf := make([]byte, 0, 4096)
	for name, appendTo := range map[string]func([]byte) []byte{
		"Call": envelope.Call{FullMethod: "/a.Svc/M", Caller: caller, Request: payload, Response: payload,
			Headers: []envelope.Header{{Name: "Host", Values: []string{"example.com"}}}}.Append,
		"Function": envelope.Function{Name: "preuserinfo", Context: payload, Response: payload}.Append,
		"Event":    envelope.Event{AggregateID: "1", Type: "user.human.added", Sequence: 7, CreatedAt: time.Unix(1, 2), Payload: payload}.Append,
	} {
		if allocs := testing.AllocsPerRun(100, func() { appendTo(buf) }); allocs != 0 {
			t.Errorf("%s: %v allocations, want none", name, allocs)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	payload := []byte(`{"name":"` + strings.Repeat("x", 1000) + `"}`)
	buf := make([]byte, 0, 4096)
	for name, appendTo := range map[string]func([]byte) []byte{
		"Call":     envelope.Call{FullMethod: "/a.Svc/M", Caller: caller, Request: payload}.Append,
		"Function": envelope.Function{Name: "preuserinfo", Context: payload}.Append,
		"Event":    envelope.Event{AggregateID: "1", Type: "user.human.added", CreatedAt: time.Unix(1, 2), Payload: payload}.Append,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				appendTo(buf)
			}
		})
	}
}
