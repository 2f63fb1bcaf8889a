package shown_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/services/approvals/internal/shown"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	const hidden = `"[redacted]"`
	for _, c := range []struct {
		name, in, want string
		paths          []string
	}{
		{"KeepsBytesAndOrder", `{"z":1.10,"a":12345678901234567890}`, `{"z":1.10,"a":12345678901234567890}`, nil},
		{"HidesWhatIsNamedLikeASecret", `{"user":{"Pass_Word":"x","api-key":7,"hasToken":true,"secret":""}}`, `{"user":{"Pass_Word":` + hidden + `,"api-key":` + hidden + `,"hasToken":true,"secret":""}}`, nil},
		{"HidesWholeObjects", `{"credentials":{"a":1},"b":[{"token":[1]}]}`, `{"credentials":` + hidden + `,"b":[{"token":` + hidden + `}]}`, nil},
		{"FollowsPaths", `{"a":{"b":1,"c":2},"l":[{"p":1},{"p":2,"q":3}]}`, `{"a":{"b":` + hidden + `,"c":2},"l":[{"p":` + hidden + `},{"p":` + hidden + `,"q":3}]}`, []string{"a.b", "l.*.p"}},
		{"FollowsPathsThroughAnyMember", `{"a":{"x":1},"b":{"x":2}}`, `{"a":{"x":` + hidden + `},"b":{"x":` + hidden + `}}`, []string{"*.x"}},
		{"ShowsNothingOfWhatIsNoJSON", `{"a":`, hidden, nil},
		{"ReplacesElements", `{"l":[1,2]}`, `{"l":[` + hidden + `,` + hidden + `]}`, []string{"l.*"}},
		{"HidesPasswordsOfURLs", `{"endpoint":"https://u:p@a.example/x","mail":"a@b.example","other":"https://u@a.example"}`,
			`{"endpoint":"https://u:xxxxx@a.example/x","mail":"a@b.example","other":"https://u@a.example"}`, nil},
		{"ShowsWhenThingsExpire", `{"expirationSigningKey":"0s","signingKey":"x"}`, `{"expirationSigningKey":"0s","signingKey":` + hidden + `}`, nil},
		{"HasNothingToShow", ``, ``, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := string(shown.Redact([]byte(c.in), c.paths)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func FuzzRedact(f *testing.F) {
	f.Add(`{"a":{"password":"hunter2"}}`, "a.b")
	f.Add(`[{"x":[1,{"token":null}]}]`, "*.x.*")
	f.Fuzz(func(t *testing.T, doc, path string) {
		got := shown.Redact([]byte(doc), []string{path})
		if len(got) > 0 && !json.Valid(got) {
			t.Errorf("%q became %q", doc, got)
		}
		again := shown.Redact(got, []string{path})
		if string(again) != string(got) {
			t.Errorf("%q became %q, and then %q", doc, got, again)
		}
	})
}

func TestDiff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, before, after, want string }{
		{"NamesEachMember", `{"a":1,"b":{"c":[1],"d":2},"e":0}`, `{"b":{"c":[1,2],"d":2},"e":0,"f/g":null}`, `remove /a 1 -> ; replace /b/c [1] -> [1,2]; add /f~1g  -> null`},
		{"OfNothingIsAnAddition", ``, `{"a":1}`, `add   -> {"a":1}`},
		{"ToNothingIsARemoval", `{"a":1}`, ``, `remove  {"a":1} -> `},
		{"DoesNotCareForSpace", `{"a": [1, 2]}`, `{"a":[1,2]}`, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, d := range shown.Diff([]byte(c.before), []byte(c.after)) {
				got = append(got, d.Op+" "+d.Path+" "+string(d.Before)+" -> "+string(d.After))
			}
			if strings.Join(got, "; ") != c.want {
				t.Errorf("got %q, want %q", strings.Join(got, "; "), c.want)
			}
		})
	}
}
