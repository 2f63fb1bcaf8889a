package wirejson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/wirejson"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

func TestMarshal(t *testing.T) {
	t.Parallel()
	codec := wirejson.Default()

	t.Run("KeepsPayloadBytes", func(t *testing.T) {
		t.Parallel()
		payload := `{"z":1,"a":12345678901234567890,"f":1.10}`
		text, err := codec.Marshal(&hooksv1.RunHookResponse{RunId: "1", Payload: []byte(payload)})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), payload) {
			t.Fatalf("payload was changed: %s", text)
		}
	})
	t.Run("ReachesNestedAndRepeated", func(t *testing.T) {
		t.Parallel()
		text, err := codec.Marshal(&hooksv1.RunHookResponse{Steps: []*hooksv1.StepResult{
			{Position: 1, PayloadBefore: []byte(`{"b":1}`), PayloadAfter: []byte(`[2]`)},
			{Position: 2, PayloadBefore: []byte(`"text"`)},
		}})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Steps []struct{ PayloadBefore, PayloadAfter any }
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if got.Steps[1].PayloadBefore != "text" {
			t.Fatalf("got %s", text)
		}
	})
	t.Run("RefusesWhatIsNotJSON", func(t *testing.T) {
		t.Parallel()
		if _, err := codec.Marshal(&hooksv1.RunHookResponse{Payload: []byte("{")}); err == nil {
			t.Fatal("no error")
		}
	})
}

func TestUnmarshal(t *testing.T) {
	t.Parallel()
	codec := wirejson.Default()

	t.Run("KeepsPayloadBytes", func(t *testing.T) {
		t.Parallel()
		var got actionplanev1.PublishEventRequest
		err := codec.Unmarshal([]byte(`{"event":{"type":"a.b","payload": {"z":1, "a":1.0},"unknown":1}}`), &got)
		if err != nil {
			t.Fatal(err)
		}
		if string(got.GetEvent().GetPayload()) != `{"z":1, "a":1.0}` {
			t.Fatalf("got %s", got.GetEvent().GetPayload())
		}
	})
	t.Run("ReadsNullAsAbsent", func(t *testing.T) {
		t.Parallel()
		var got eventsv1.Event
		if err := codec.Unmarshal([]byte(`{"type":"a","payload":null}`), &got); err != nil || got.Payload != nil {
			t.Fatalf("got %q, %v", got.Payload, err)
		}
	})
	t.Run("AcceptsSnakeCase", func(t *testing.T) {
		t.Parallel()
		var got hooksv1.StepResult
		if err := codec.Unmarshal([]byte(`{"payload_before":{"a":1}}`), &got); err != nil || string(got.PayloadBefore) != `{"a":1}` {
			t.Fatalf("got %q, %v", got.PayloadBefore, err)
		}
	})
}

func TestRoundTripKeepsEverything(t *testing.T) {
	t.Parallel()
	codec := wirejson.Default()
	rapid.Check(t, func(t *rapid.T) {
		value, _ := json.Marshal(rapid.MapOf(rapid.String(), rapid.Int64()).Draw(t, "payload"))
		in := &eventsv1.Event{
			Id:      rapid.StringMatching(`[a-z]{0,8}`).Draw(t, "id"),
			Type:    rapid.String().Draw(t, "type"),
			Payload: value,
		}
		text, err := codec.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		out := new(eventsv1.Event)
		if err := codec.Unmarshal(text, out); err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(in, out) {
			t.Fatalf("%v became %v by way of %s", in, out, text)
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"method":"/a.B/C","payload":{"a":[1]},"headers":{"x":{"values":["1"]}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		codec := wirejson.Default()
		var m hooksv1.RunRequestHookRequest
		if codec.Unmarshal(text, &m) != nil {
			return
		}
		if _, err := codec.Marshal(&m); err != nil {
			t.Fatalf("%v after reading %q", err, text)
		}
	})
}

func BenchmarkMarshalRaw(b *testing.B) {
	codec := wirejson.Default()
	m := &hooksv1.RunHookResponse{RunId: "1", Condition: "request/a.B/C", Payload: []byte(`{"a":"` + strings.Repeat("x", 1000) + `"}`)}
	for b.Loop() {
		if _, err := codec.Marshal(m); err != nil {
			b.Fatal(err)
		}
	}
}
