package wirejson_test

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/wirejson"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
)

func TestProblemsNameTheField(t *testing.T) {
	t.Parallel()
	create, event := &actionv3alpha.CreateTargetRequest{}, &actionplanev1.PublishEventRequest{}
	search, list, hook := &actionv3alpha.SearchTargetsRequest{}, &managementv1.ListActionsRequest{}, &hooksv1.RunRequestHookRequest{}
	for _, tc := range []struct {
		name string
		into proto.Message
		text string
		want string
	}{
		{"Empty", create, ``, `invalid JSON: ends too early, at line 1, column 1`},
		{"Null", create, `null`, `invalid JSON: must be an object`},
		{"NoObject", create, ` []`, `invalid JSON: must be an object`},
		{"NoObjectWithRawFields", event, `[]`, `invalid JSON: must be an object`},
		{"HalfAnObject", create, `{"target":{"name":"x"`, `target: ends too early, at line 1, column 22`},
		{"Garbage", create, "{\"target\":\n  {\"name\":x}}", `target.name: unexpected "x" at line 2, column 11`},
		{"GarbageInAnUnknownMember", create, `{"a":{"b c":[1,}]}}`, `a["b c"][1]: unexpected "}" at line 1, column 16`},
		{"TrailingComma", create, `{"target":{},}`, `invalid JSON: unexpected "}" at line 1, column 14`},
		{"BehindTheValue", create, `{} {}`, `invalid JSON: unexpected "{" at line 1, column 4`},
		{"BehindTheValueWithRawFields", event, `{} {}`, `invalid JSON: unexpected "{" at line 1, column 4`},
		{"ByteOrderMark", create, "\ufeff{}", `invalid JSON: has a byte order mark at line 1, column 1`},
		{"NotUTF8", create, "{\"target\":{\"name\":\"\xff\"}}", `target.name: holds a string that is not UTF-8`},
		{"NotUTF8InAPayload", event, "{\"event\":{\"payload\":{\"a\":[\"\xff\"]}}}", `event.payload.a[0]: holds a string that is not UTF-8`},
		{"NotUTF8Outside", create, "{\xff", `invalid JSON: not UTF-8 at line 1, column 2`},
		{"LoneSurrogate", create, `{"target":{"name":"\ud800"}}`, `target.name: holds an invalid escape at line 1, column 20`},
		{"LoneSurrogateInAPayload", event, `{"event":{"payload":"\ud800x"}}`, `event.payload: holds an invalid escape at line 1, column 22`},
		{"ControlCharacter", create, "{\"target\":{\"name\":\"\n\"}}", `target.name: unexpected "\n" at line 1, column 20`},
		{"LeadingZero", list, `{"query":{"limit":01}}`, `query.limit: unexpected "1" at line 1, column 20`},
		{"HalfAWord", create, `{"target":trueish}`, `target: unexpected "i" at line 1, column 15`},
		{"AnObjectForANumber", list, `{"query":{"limit":{}}}`, `query.limit: must be an integer`},
		{"DeepPayload", event, `{"event":{"payload":` + strings.Repeat("[", 1000), `event.payload[0][0][0][0][0][0][0][0][0][0]`},
		{"Duration", create, `{"target":{"timeout":"10"}}`, `target.timeout: must be a duration in seconds such as "10s" or "0.5s"`},
		{"DurationOutOfRange", create, `{"target":{"timeout":"1e99s"}}`, `target.timeout: must be a duration in seconds such as "10s" or "0.5s"`},
		{"Timestamp", event, `{"event":{"createdAt":"yesterday"}}`, `event.createdAt: must be a time such as "2006-01-02T15:04:05Z"`},
		{"Text", create, `{"target":{"name":7}}`, `target.name: must be a string`},
		{"Bool", create, `{"target":{"restWebhook":{"interruptOnError":"true"}}}`, `target.restWebhook.interruptOnError: must be true or false`},
		{"Number", list, `{"query":{"limit":4294967296}}`, `query.limit: must be an integer from 0 to 4294967295`},
		{"HugeNumber", list, `{"query":{"offset":1e400}}`, `query.offset: must be an integer from 0 to 18446744073709551615`},
		{"Enum", search, `{"sortingColumn":"NO"}`, `sortingColumn: must be one of TARGET_FIELD_NAME_UNSPECIFIED, TARGET_FIELD_NAME_ID`},
		{"EnumBesideUnknownMembers", search, `{"x":{"sortingColumn":"NO"},"filters":[{"y":1,"targetNameFilter":{"method":"NO"}}]}`, `filters[0].targetNameFilter.method: must be one of TEXT_FILTER_METHOD_EQUALS,`},
		{"InAnArray", search, `{"filters":[{},{"inTargetIdsFilter":{"targetIds":["1",2]}}]}`, `filters[1].inTargetIdsFilter.targetIds[1]: must be a string`},
		{"NoArray", search, `{"filters":{}}`, `filters: must be an array`},
		{"NullInAnArray", search, `{"filters":[null]}`, `filters[0]: must be an object`},
		{"InAMap", hook, `{"headers":{"a\"b":{"values":[1]}}}`, `headers["a\"b"].values[0]: must be a string`},
		{"NoMap", hook, `{"headers":[]}`, `headers: must be an object`},
		{"TwiceInAMap", hook, `{"headers":{"a":{},"\u0061":{}}}`, `headers["a"]: stands there more than once`},
		{"Twice", create, `{"target":{"name":"a","name":"b"}}`, `target.name: stands there more than once`},
		{"TwiceByBothNames", create, `{"target":{"restCall":{},"rest_call":{}}}`, `target.restCall: stands there more than once`},
		{"TwiceBesideAPayload", event, `{"event":{"type":"a","type":"b","payload":{}}}`, `event.type: stands there more than once`},
		{"TwicePayload", event, `{"event":{"payload":{},"payload":{}}}`, `event.payload: stands there more than once`},
		{"TwoOfAOneof", create, `{"target":{"restCall":{},"restAsync":{}}}`, `target.restAsync: cannot be set beside restCall`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := wirejson.Default().Unmarshal([]byte(tc.text), proto.Clone(tc.into))
			var p *wirejson.Problem
			if !errors.As(err, &p) || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestUnmarshalList(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`null`:          ``,
		` [ ] `:         ``,
		`[{},{}]`:       ``,
		`{}`:            `invalid JSON: must be an array`,
		`[{},1]`:        `[1]: must be an object`,
		`[{}`:           `invalid JSON: ends too early, at line 1, column 4`,
		`[] 1`:          `invalid JSON: unexpected "1" at line 1, column 4`,
		`[{"id":x}]`:    `[0].id: unexpected "x" at line 1, column 8`,
		`[{"event":1}]`: `[0].event: must be an object`,
	} {
		var got []*actionplanev1.PublishEventRequest
		err := wirejson.Default().UnmarshalList([]byte(text), func() proto.Message {
			got = append(got, &actionplanev1.PublishEventRequest{})
			return got[len(got)-1]
		})
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// FuzzProblems compares with protojson, for a message that has no raw fields:
// both take the same texts, and what is refused is named.
func FuzzProblems(f *testing.F) {
	for _, text := range []string{
		`{"query":{"limit":2,"offset":"7"},"filters":[{"targetNameFilter":{"targetName":"a","method":2}}],"sortingColumn":null}`,
		`{"filters":[null]}`, `{"filters":[{"inTargetIdsFilter":{},"targetNameFilter":{}}]}`, `{"":1,"\u0000":{}}`, "\ufeff{}", `{"query":{"limit":-0.0}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		codec := wirejson.Default()
		got, want := new(actionv3alpha.SearchTargetsRequest), new(actionv3alpha.SearchTargetsRequest)
		err, theirs := codec.Unmarshal(text, got), codec.UnmarshalOptions.Unmarshal(text, want)
		if err != nil && strings.Contains(err.Error(), "must be one of") {
			return // protojson passes over the unknown names of an enum
		}
		if (err == nil) != (theirs == nil) || err == nil && !proto.Equal(got, want) {
			t.Fatalf("got %v, protojson %v of %q", err, theirs, text)
		}
		if err != nil && strings.Contains(err.Error(), "does not fit") {
			t.Fatalf("%q is not explained: %v", text, theirs)
		}
		if _, err := protojson.Marshal(got); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkUnmarshalRaw(b *testing.B) {
	codec := wirejson.Default()
	text := []byte(`{"method":"/a.B/C","payload":{"a":"` + strings.Repeat("x", 1000) + `"}}`)
	for b.Loop() {
		if err := codec.Unmarshal(text, new(hooksv1.RunRequestHookRequest)); err != nil {
			b.Fatal(err)
		}
	}
}
