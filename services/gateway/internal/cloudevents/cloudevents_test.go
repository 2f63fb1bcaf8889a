package cloudevents_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/wirejson"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	"github.com/actionplane/actionplane/services/gateway/internal/cloudevents"
)

const bare = `"specversion":"1.0","id":"1","source":"/s","type":"a.b"`

var bareID = cloudevents.ID("/s", "1")

func TestTranslate(t *testing.T) {
	t.Parallel()
	structured := http.Header{"Content-Type": {"application/cloudevents+json; charset=utf-8"}}
	batch := http.Header{"Content-Type": {"application/cloudevents-batch+json"}}
	inHeaders := func(pairs ...string) http.Header {
		h := http.Header{"Ce-Specversion": {"1.0"}, "Ce-Id": {"1"}, "Ce-Source": {"/s"}, "Ce-Type": {"a.b"}}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	for _, tc := range []struct {
		name   string
		header http.Header
		body   string
		want   string // an error where it does not begin with {
		status int
	}{
		{"Structured", structured, `{` + bare + `,"subject":"u1","time":"2026-01-02T03:04:05.6+01:00","partitionkey":"k","sequence":"7","organizationid":"o","userid":"u","aggregatetype":"user","other":true,"data":{"z":1.0, "a":"<"}}`,
			`{"id":"` + bareID + `","type":"a.b","organizationId":"o","orderingKey":"k","userId":"u","aggregateId":"u1","aggregateType":"user","sequence":"7","createdAt":"2026-01-02T03:04:05.6+01:00","attributes":{"id":"1","other":"true","source":"/s"},"payload":{"z":1.0, "a":"<"}}`, 0},
		{"StructuredWithoutData", structured, `{` + bare + `,"sequence":"x","subject":null}`, `{"id":"` + bareID + `","type":"a.b","attributes":{"id":"1","sequence":"x","source":"/s"}}`, 0},
		{"StructuredWithBase64OfJSON", structured, `{` + bare + `,"datacontenttype":"application/vnd.x+json","data_base64":"eyJhIjoxfQ=="}`, `{"id":"` + bareID + `","type":"a.b","attributes":{"datacontenttype":"application/vnd.x+json","id":"1","source":"/s"},"payload":{"a":1}}`, 0},
		{"StructuredWithBase64OfBytes", structured, `{` + bare + `,"data_base64":"eyJhIjoxfQ=="}`, `datacontenttype: data of type "application/octet-stream" is not supported: send JSON`, 415},
		{"StructuredWithBrokenBase64", structured, `{` + bare + `,"data_base64":"!"}`, `data_base64: must be a base64 string`, 400},
		{"StructuredWithBoth", structured, `{` + bare + `,"data":1,"data_base64":"MQ=="}`, `data_base64: cannot stand beside data`, 400},
		{"StructuredXML", structured, `{` + bare + `,"datacontenttype":"application/xml","data":"<a/>"}`, `datacontenttype: data of type "application/xml" is not supported: send JSON`, 415},
		{"StructuredNoObject", structured, `[]`, `the event must be a JSON object`, 400},
		{"StructuredNull", structured, `null`, `the event must be a JSON object`, 400},
		{"StructuredObjectAsAttribute", structured, `{` + bare + `,"subject":{}}`, `subject: must be a string, a number or a boolean`, 400},
		{"NoType", structured, `{"specversion":"1.0","id":"1","source":"/s"}`, `type: is required`, 400},
		{"AnotherVersion", structured, `{"specversion":"0.3","id":"1","source":"/s","type":"t"}`, `specversion: must be "1.0"`, 400},
		{"NotUTF8", structured, "{\"a\":\"\xff\"}", `the event must be UTF-8`, 400},
		{"Binary", inHeaders("Ce-Subject", "J%C3%BCrgen%20%22", "Ce-Partitionkey", `"a \"b"`, "Content-Type", "application/json"), `{"a":1}`,
			`{"id":"` + bareID + `","type":"a.b","orderingKey":"a \"b","aggregateId":"Jürgen \"","attributes":{"id":"1","source":"/s"},"payload":{"a":1}}`, 0},
		{"BinaryWithoutData", inHeaders(), ``, `{"id":"` + bareID + `","type":"a.b","attributes":{"id":"1","source":"/s"}}`, 0},
		{"BinaryBadTime", inHeaders("Ce-Time", "noon"), ``, `ce-time: must be a time such as "2006-01-02T15:04:05Z"`, 400},
		{"BinaryText", inHeaders("Content-Type", "text/plain"), `x`, `content-type: data of type "text/plain" is not supported: send JSON`, 415},
		{"BinaryThatBreaksOut", inHeaders(), `1},"type":"x"`, `content-type: the data is not valid JSON`, 400},
		{"Batch", batch, `[{` + bare + `},{` + bare + `,"data":[1]}]`, `{"events":[{"id":"` + bareID + `","type":"a.b","attributes":{"id":"1","source":"/s"}},{"id":"` + bareID + `","type":"a.b","attributes":{"id":"1","source":"/s"},"payload":[1]}]}`, 0},
		{"EmptyBatch", batch, `[]`, `{"events":[]}`, 0},
		{"BatchNoArray", batch, `{}`, `the batch must be a JSON array of events`, 400},
		{"BatchNamesTheEvent", batch, `[{` + bare + `},{"specversion":"1.0","id":"1","type":"a"}]`, `[1].source: is required`, 400},
		{"XML", http.Header{"Content-Type": {"application/cloudevents+xml"}}, `<a/>`, `application/cloudevents+xml is not supported: send application/cloudevents+json or application/cloudevents-batch+json`, 415},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if !cloudevents.Is(tc.header) {
				t.Error("it is not taken for a CloudEvent")
			}
			got, _, err := cloudevents.Translate(tc.header, []byte(tc.body))
			if e, ok := fault.As(err); ok {
				if e.Message != tc.want || e.HTTPStatus() != tc.status {
					t.Errorf("got %d %s\nwant %d %s", e.HTTPStatus(), e.Message, tc.status, tc.want)
				}
			} else if err != nil || string(got) != tc.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, tc.want)
			}
		})
	}
	if cloudevents.Is(http.Header{"Content-Type": {"application/json"}}) {
		t.Error("plain JSON is taken for a CloudEvent")
	}
}

// TestIDs is about ids that must be ours: without dots and spaces, and not the
// same for two sources.
func TestIDs(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, pair := range [][2]string{{"a", "b"}, {"ab", ""}, {"", "ab"}, {"a", "b.c d"}, {"1:a", "b"}} {
		id := cloudevents.ID(pair[0], pair[1])
		if seen[id] || !regexp.MustCompile(`^[^.\s]{1,200}$`).MatchString(id) {
			t.Errorf("%q: %s", pair, id)
		}
		seen[id] = true
	}
}

// FuzzTranslate proves that whatever is translated is an event of ours, and
// that its data is what was sent.
func FuzzTranslate(f *testing.F) {
	f.Add("application/cloudevents+json", "", []byte(`{`+bare+`,"data":{"a":[1.0]},"time":"2026-01-02T03:04:05Z"}`))
	f.Add("application/cloudevents-batch+json", "", []byte(`[{`+bare+`,"data_base64":"MQ==","datacontenttype":"text/json"}]`))
	f.Add("application/json", `"%2"`, []byte(`{"a": 1 }`))
	f.Fuzz(func(t *testing.T, contentType, subject string, body []byte) {
		header := http.Header{"Ce-Specversion": {"1.0"}, "Ce-Id": {"1"}, "Ce-Source": {"/s"}, "Ce-Type": {"a.b"}, "Ce-Subject": {subject}, "Content-Type": {contentType}}
		got, batch, err := cloudevents.Translate(header, body)
		if err != nil {
			if fault.CodeOf(err) != fault.CodeInvalid || strings.TrimSpace(err.Error()) == "" {
				t.Fatal(err)
			}
			return
		}
		if !json.Valid(got) {
			t.Fatalf("%s is no JSON", got)
		}
		if batch {
			return
		}
		// names and times are judged where events are taken; the form is ours
		var members map[string]json.RawMessage
		if err := json.Unmarshal(got, &members); err != nil || len(members["id"]) == 0 {
			t.Fatalf("%s, %v", got, err)
		}
		if !strings.HasPrefix(contentType, "application/cloudevents") && len(body) > 0 {
			event := new(eventsv1.Event)
			if wirejson.Default().Unmarshal([]byte(`{"type":"a","payload":`+string(body)+`}`), event) == nil && string(members["payload"]) != string(body) && string(body) == strings.TrimSpace(string(body)) {
				t.Fatalf("the payload is %s", members["payload"])
			}
		}
	})
}
