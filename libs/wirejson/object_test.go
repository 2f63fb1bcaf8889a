package wirejson_test

import (
	"encoding/json"
	"testing"

	"github.com/actionplane/actionplane/libs/wirejson"
)

func TestIsObjectOrBlank(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": true, " \t\r\n": true, "{}": true, " {\"a\": [1, {}]}\n": true, `{"a":1,"a":2}`: true,
		"null": false, "[]": false, `"{}"`: false, "{": false, "{}{}": false, "{} x": false, "{'a':1}": false, "\ufeff{}": false, "\x00": false,
	} {
		if got := wirejson.IsObjectOrBlank([]byte(text)); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

// FuzzIsObjectOrBlank compares with what encoding/json reads.
func FuzzIsObjectOrBlank(f *testing.F) {
	for _, text := range []string{"", " ", "{}", `{"a":{"b":[1e400]}}`, "null", "[{}]", "{}{}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var members map[string]json.RawMessage
		object := json.Unmarshal(text, &members) == nil && members != nil
		if got := wirejson.IsObjectOrBlank(text); object && !got || got && !object && json.Valid(text) {
			t.Errorf("%q: %t", text, got)
		}
	})
}
