package envelope_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/envelope"
	"pgregory.net/rapid"
)

func TestForwarded(t *testing.T) {
	t.Parallel()
	const forwardedStatus, forwarded = "EXEC-reUaUZCzCp", "EXEC-bmhNhpcqpF"
	tests := []struct {
		name string
		body string
		code fault.Code // 0 for no veto
		id   string
		text string
	}{
		{"EmptyBody", ``, 0, "", ""},
		{"NotJSON", `OK`, 0, "", ""},
		{"CutShort", `{"forwardedStatusCode":403`, 0, "", ""},
		{"Array", `[{"forwardedStatusCode":403}]`, 0, "", ""},
		{"NeitherKey", `{"a":{"forwardedStatusCode":403}}`, 0, "", ""},
		{"ZeroAndEmpty", `{"forwardedStatusCode":0,"forwardedErrorMessage":""}`, 0, "", ""},
		{"Nulls", `{"forwardedStatusCode":null,"forwardedErrorMessage":null}`, 0, "", ""},
		{"400", `{"forwardedStatusCode":400,"forwardedErrorMessage":"m"}`, fault.CodeInvalid, forwardedStatus, "m"},
		{"401", `{"forwardedStatusCode":401,"forwardedErrorMessage":"m"}`, fault.CodeUnauthenticated, forwardedStatus, "m"},
		{"403", `{"forwardedStatusCode":403,"forwardedErrorMessage":"m"}`, fault.CodePermissionDenied, forwardedStatus, "m"},
		{"404", `{"forwardedStatusCode":404,"forwardedErrorMessage":"m"}`, fault.CodeNotFound, forwardedStatus, "m"},
		{"409", `{"forwardedStatusCode":409,"forwardedErrorMessage":"m"}`, fault.CodeAlreadyExists, forwardedStatus, "m"},
		{"429", `{"forwardedStatusCode":429,"forwardedErrorMessage":"m"}`, fault.CodeExhausted, forwardedStatus, "m"},
		{"418", `{"forwardedStatusCode":418,"forwardedErrorMessage":"m"}`, fault.CodeUnknown, forwardedStatus, "m"},
		{"499", `{"forwardedStatusCode":499,"forwardedErrorMessage":"m"}`, fault.CodeUnknown, forwardedStatus, "m"},
		{"399", `{"forwardedStatusCode":399,"forwardedErrorMessage":"m"}`, fault.CodeFailedPrecondition, forwarded, "m"},
		{"500", `{"forwardedStatusCode":500,"forwardedErrorMessage":"m"}`, fault.CodeFailedPrecondition, forwarded, "m"},
		{"Negative", `{"forwardedStatusCode":-1}`, fault.CodeFailedPrecondition, forwarded, "the target refused with status -1"},
		{"MessageAlone", `{"forwardedErrorMessage":"ä \u0022%d"}`, fault.CodeFailedPrecondition, forwarded, `ä "%d`},
		{"CodeAlone", ` { "forwardedStatusCode" : 403 } `, fault.CodePermissionDenied, forwardedStatus, "the target refused with status 403"},
		{"KeysOfAnyCase", `{"FORWARDEDSTATUSCODE":403,"forwardederrormessage":"m"}`, fault.CodePermissionDenied, forwardedStatus, "m"},
		{"EscapedKey", `{"\u0066orwardedStatusCode":403}`, fault.CodePermissionDenied, forwardedStatus, "the target refused with status 403"},
		{"LastOfSeveralCounts", `{"forwardedStatusCode":403,"forwardedStatusCode":409}`, fault.CodeAlreadyExists, forwardedStatus, "the target refused with status 409"},
		{"CodeIsText", `{"forwardedStatusCode":"403"}`, fault.CodeFailedPrecondition, forwarded, "the target refused"},
		{"CodeCountsThoughMessageIsANumber", `{"forwardedStatusCode":403,"forwardedErrorMessage":1}`, fault.CodePermissionDenied, forwardedStatus, "the target refused with status 403"},
		{"CodeIsAFraction", `{"forwardedStatusCode":403.5,"forwardedErrorMessage":"m"}`, fault.CodeFailedPrecondition, forwarded, "m"},
		{"CodeIsHuge", `{"forwardedStatusCode":99999999999999999999}`, fault.CodeFailedPrecondition, forwarded, "the target refused"},
		{"MessageIsANumber", `{"forwardedErrorMessage":123}`, fault.CodeFailedPrecondition, forwarded, "the target refused"},
		{"MessageIsNotUTF8", "{\"forwardedErrorMessage\":\"\xff\"}", fault.CodeFailedPrecondition, forwarded, "\uFFFD"},
		{"LongMessageIsCut", `{"forwardedErrorMessage":"` + strings.Repeat("a", 2047) + `ä"}`, fault.CodeFailedPrecondition, forwarded, strings.Repeat("a", 2047)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := envelope.ReadAnswer("the target", []byte(tt.body)).Forwarded()
			if tt.code == 0 {
				if err != nil {
					t.Errorf("got %v, want no veto", err)
				}
				return
			}
			got, ok := fault.As(err)
			if !ok || got.Code != tt.code || got.ID != tt.id || got.Message != tt.text {
				t.Errorf("got %+v, want code %d id %s text %q", got, tt.code, tt.id, tt.text)
			}
		})
	}
}

func TestStatusFault(t *testing.T) {
	t.Parallel()
	if err := envelope.StatusFault("the target", 500); !errors.Is(err, &fault.Error{Code: fault.CodeFailedPrecondition, ID: "EXEC-dra6yamk98"}) {
		t.Errorf("got %v", err)
	}
}

var notAnObject = &fault.Error{Code: fault.CodeFailedPrecondition, ID: "ACTION-4m9s2"}

func TestReplace(t *testing.T) {
	t.Parallel()
	const message = `{"old":1}`
	for body, want := range map[string]string{
		"": message, " \n": message, `{ "new" : 1.0 }`: `{ "new" : 1.0 }`, `{}`: `{}`, `null`: "", `<html>`: "", "{\"new\":\"\xff\"}": "",
	} {
		got, err := envelope.ReadAnswer("the target", []byte(body)).Replace([]byte(message))
		if refused := want == ""; errors.Is(err, notAnObject) != refused || !refused && string(got) != want || refused && string(got) != message {
			t.Errorf("%q: got %s, %v", body, got, err)
		}
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		collected string
		body      string
		want      string
		refused   bool
	}{
		{"FirstAnswer", ``, `{"a": [1]}`, `{"a": [1]}`, false},
		{"EmptyChangesNothing", `{"a":1}`, ``, `{"a":1}`, false},
		{"WhiteSpaceChangesNothing", `{"a":1}`, " \r\n\t", `{"a":1}`, false},
		{"EmptyObjectChangesNothing", `{"a":1}`, `{}`, `{"a":1}`, false},
		{"AllMembersReplaceByteForByte", `{"b":{"x":1},"a":1}`, "{ \"a\" : 1.0, \"b\":{}, \"c\":3 }\n", `{ "a" : 1.0, "b":{}, "c":3 }`, false},
		{"WhatIsNotNamedStays", `{"a":1,"b":2}`, `{"b":3}`, `{"a":1,"b":3}`, false},
		{"SomethingElseLosesNothing", `{"a":1}`, `{"ok":true}`, `{"a":1,"ok":true}`, false},
		{"NullTakesAMemberAway", `{"a":1,"b":2}`, `{"b":null}`, `{"a":1,"b":null}`, false},
		{"KeyByKey", `{"a":1,"b":{"x":1}}`, `{"c":3,"b":{"y":2}}`, `{"a":1,"b":{"y":2},"c":3}`, false},
		{"ArrayTakesThePlaceOfArray", `{"append_claims":[1,2]}`, `{"append_claims":[3]}`, `{"append_claims":[3]}`, false},
		{"EscapedKeyIsTheSameKey", `{"a":1,"z":0}`, `{"\u0061":2}`, `{"a":2,"z":0}`, false},
		{"LastOfSeveralCounts", ``, `{"a":1,"a":2}`, `{"a":2}`, false},
		{"TwiceTheSameIsNotBoth", `{"a":1,"b":1}`, `{"a":1,"a":2}`, `{"a":2,"b":1}`, false},
		{"NumbersStayAsTheyAre", ``, `{"a":1.00,"b":123456789012345678901}`, `{"a":1.00,"b":123456789012345678901}`, false},
		{"Null", `{"a":1}`, `null`, `{"a":1}`, true},
		{"Array", `{"a":1}`, `[]`, `{"a":1}`, true},
		{"Text", `{"a":1}`, `"x"`, `{"a":1}`, true},
		{"NotJSON", `{"a":1}`, `<html>`, `{"a":1}`, true},
		{"CutShort", `{"a":1}`, `{"a":`, `{"a":1}`, true},
		{"TwoObjects", `{"a":1}`, `{}{}`, `{"a":1}`, true},
		{"NotUTF8", `{"a":1}`, "{\"a\":\"\xff\"}", `{"a":1}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := envelope.ReadAnswer("the target", []byte(tt.body)).Merge([]byte(tt.collected))
			if string(got) != tt.want || errors.Is(err, notAnObject) != tt.refused || (err != nil) != tt.refused {
				t.Errorf("got %s, %v, want %s, refused %v", got, err, tt.want, tt.refused)
			}
		})
	}
}

// TestMergeAgreesWithModel decodes, overlays two maps and compares.
func TestMergeAgreesWithModel(t *testing.T) {
	t.Parallel()
	value := rapid.SampledFrom([]string{`1`, `"}"`, `"\\\""`, `[{"a":"]"}]`, `{ "a" : [ ] }`, `null`, `-1.5e3`, `true`})
	object := rapid.Custom(func(t *rapid.T) string {
		var parts []string
		for _, key := range rapid.SliceOfN(rapid.SampledFrom([]string{`a`, `\u0061`, `b`, `{`, `\"`, ``, `ä`}), 0, 6).Draw(t, "keys") {
			parts = append(parts, ` "`+key+"\" :\t"+value.Draw(t, "value"))
		}
		return "{" + strings.Join(parts, " ,") + " }"
	})
	rapid.Check(t, func(t *rapid.T) {
		var collected []byte
		want := map[string]json.RawMessage{}
		for _, body := range rapid.SliceOfN(object, 1, 4).Draw(t, "answers") {
			if err := json.Unmarshal([]byte(body), &want); err != nil {
				t.Fatal(err)
			}
			var err error
			if collected, err = envelope.ReadAnswer("the target", []byte(body)).Merge(collected); err != nil {
				t.Fatal(err)
			}
		}
		var got map[string]json.RawMessage
		if err := json.Unmarshal(collected, &got); err != nil {
			t.Fatalf("%s: %v", collected, err)
		}
		if !maps.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}

func TestCheckObject(t *testing.T) {
	t.Parallel()
	for payload, ok := range map[string]bool{
		``: true, ` `: true, `{}`: true, " {\"a\":1}\n": true,
		`1`: false, `[]`: false, `{`: false, `{},"userID":"admin"`: false, "{\"a\":\"\xff\"}": false, "\u00a0{}": false,
	} {
		t.Run(payload, func(t *testing.T) {
			t.Parallel()
			err := envelope.CheckObject("payload", []byte(payload))
			if ok != (err == nil) || !ok && (fault.CodeOf(err) != fault.CodeInvalid || !strings.HasPrefix(err.Error(), "payload ")) {
				t.Errorf("got %v, want accepted %v", err, ok)
			}
		})
	}
}

// FuzzReadAnswer compares what an answer forwards with encoding/json, and
// wants what is merged to stay an object that has lost nothing.
func FuzzReadAnswer(f *testing.F) {
	for _, body := range []string{
		``, `OK`, `{}`, `{"forwardedStatusCode":403,"forwardedErrorMessage":"no"}`, `{"ForwardedStatusCode":null}`,
		`{"a":[{"b":"\"}"}],"a":{}}`, `{"forwardedStatusCode":"1","forwardedStatusCode":0}`, `{"":"\\"}`, "{\"\xff\":1}", `{"forwardedſtatusCode":400}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		answer := envelope.ReadAnswer("the target", body)
		checkForwarded(t, answer.Forwarded(), body)

		const collected = `{"old":1}`
		got, err := answer.Merge([]byte(collected))
		if err != nil && string(got) != collected {
			t.Errorf("refused, but returned %s", got)
		}
		var kept map[string]json.RawMessage
		if err := json.Unmarshal(got, &kept); err != nil || kept["old"] == nil {
			t.Errorf("returned %s: %v", got, err)
		}
		// Whatever the context holds, writing it ends and does not panic.
		envelope.Function{Name: "f", Context: body}.Append(nil)
	})
}

func checkForwarded(t *testing.T, got error, body []byte) {
	t.Helper()
	var model struct {
		ForwardedStatusCode   int
		ForwardedErrorMessage string
	}
	err := json.Unmarshal(body, &model)
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field != "":
		if got == nil {
			t.Errorf("%s: a veto of the wrong type was let through", body)
		}
	case err != nil:
		if got != nil {
			t.Errorf("%s: no object, but %v", body, got)
		}
	case (model.ForwardedStatusCode != 0 || model.ForwardedErrorMessage != "") != (got != nil):
		t.Errorf("%s: got %v, model %+v", body, got, model)
	}
}

func BenchmarkAnswer(b *testing.B) {
	body := []byte(`{"name":"` + strings.Repeat("x", 1000) + `"}`)
	b.Run("ForwardedAndAll", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			answer := envelope.ReadAnswer("the target", body)
			if answer.Forwarded() != nil {
				b.Fatal("vetoed")
			}
			if _, err := answer.Merge([]byte(`{"name":"y"}`)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Part", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := envelope.ReadAnswer("the target", body).Merge([]byte(`{"a":1}`)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
