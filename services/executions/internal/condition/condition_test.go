package condition_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
)

// ids are those of the wire: one row per line of the published table.
var ids = []struct {
	name      string
	condition condition.Condition
	id        string
}{
	{"RequestMethod", condition.ForMethod(condition.Request, "/a.b.Svc/M"), "request/a.b.Svc/M"},
	{"RequestMethodWithoutLeadingSlash", condition.ForMethod(condition.Request, "a.b.Svc/M"), "request/a.b.Svc/M"},
	{"RequestService", condition.ForService(condition.Request, "a.b.Svc"), "request/a.b.Svc"},
	{"RequestAll", condition.ForAll(condition.Request), "request"},
	{"ResponseMethod", condition.ForMethod(condition.Response, "/a.b.Svc/M"), "response/a.b.Svc/M"},
	{"ResponseService", condition.ForService(condition.Response, "Svc"), "response/Svc"},
	{"ResponseAll", condition.ForAll(condition.Response), "response"},
	{"Function", condition.ForFunction("preuserinfo"), "function/preuserinfo"},
	{"Event", condition.ForEvent("user.human.added"), "event/user.human.added"},
	{"EventOfOneSegment", condition.ForEvent("xxx"), "event/xxx"},
	{"Group", condition.ForGroup("user.human"), "event/user.human.*"},
	{"GroupWithSuffix", condition.ForGroup("user.human.*"), "event/user.human.*"},
	{"EventAll", condition.ForAll(condition.Event), "event"},
}

func TestID(t *testing.T) {
	t.Parallel()
	for _, tt := range ids {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := tt.condition.Validate(); err != nil {
				t.Fatalf("Validate: %v", err)
			}
			if got := tt.condition.ID(); got != tt.id {
				t.Errorf("ID() = %q, want %q", got, tt.id)
			}
			parsed, err := condition.Parse(tt.id)
			if err != nil || parsed != tt.condition {
				t.Errorf("Parse(%q) = %+v, %v, want %+v", tt.id, parsed, err, tt.condition)
			}
		})
	}
}

func TestIDOfUncanonicalSpelling(t *testing.T) {
	t.Parallel()
	same := map[string]condition.Condition{
		"request/a.Svc/M": {Kind: condition.Request, Method: "a.Svc/M"},
		"event/user.*":    {Kind: condition.Event, Group: "user.*"},
	}
	for id, c := range same {
		if err := c.Validate(); err != nil || c.ID() != id {
			t.Errorf("%+v: ID() = %q, %v, want %q", c, c.ID(), err, id)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", condition.MaxLength)
	tests := []struct {
		name      string
		condition condition.Condition
		id        string // "" for valid
	}{
		{"NothingIsSet", condition.Condition{}, "ACTION-5r5Ju"},
		{"KindIsUnknown", condition.ForAll("requests"), "ACTION-5r5Ju"},
		{"RequestIsEmpty", condition.Condition{Kind: condition.Request}, "COMMAND-3tkej630e6"},
		{"ResponseIsEmpty", condition.Condition{Kind: condition.Response}, "COMMAND-3tkej630e6"},
		{"RequestHasMethodAndService", condition.Condition{Kind: condition.Request, Method: "/a.S/M", Service: "a.S"}, "COMMAND-nee5q8aszq"},
		{"RequestHasServiceAndAll", condition.Condition{Kind: condition.Request, Service: "a.S", All: true}, "COMMAND-nee5q8aszq"},
		{"ResponseHasAllThree", condition.Condition{Kind: condition.Response, Method: "/a.S/M", Service: "a.S", All: true}, "COMMAND-nee5q8aszq"},
		{"RequestHasAnEvent", condition.Condition{Kind: condition.Request, All: true, Event: "a"}, "COMMAND-nee5q8aszq"},
		{"MethodHasNoService", condition.ForMethod(condition.Request, "/M"), "COMMAND-3tkej630e6"},
		{"MethodHasEmptyService", condition.ForMethod(condition.Request, "//M"), "COMMAND-3tkej630e6"},
		{"MethodHasEmptyName", condition.ForMethod(condition.Request, "/a.S/"), "COMMAND-3tkej630e6"},
		{"MethodHasThreeParts", condition.ForMethod(condition.Request, "/a.S/M/N"), "COMMAND-3tkej630e6"},
		{"MethodIsTooLong", condition.ForMethod(condition.Request, "/a/"+long), "COMMAND-3tkej630e6"},
		{"MethodIsAsLongAsAllowed", condition.ForMethod(condition.Request, "/a/"+long[:2*(condition.MaxLength-2)]), ""},
		{"ServiceHasSlash", condition.ForService(condition.Request, "/a.S"), "COMMAND-3tkej630e6"},
		{"ServiceHasEmptySegment", condition.ForService(condition.Response, "a..S"), "COMMAND-3tkej630e6"},
		{"ServiceStartsWithDot", condition.ForService(condition.Response, ".S"), "COMMAND-3tkej630e6"},
		{"FunctionIsEmpty", condition.Condition{Kind: condition.Function}, "COMMAND-5folwn5jws"},
		{"FunctionHasAll", condition.Condition{Kind: condition.Function, Name: "f", All: true}, "COMMAND-5folwn5jws"},
		{"FunctionAll", condition.ForAll(condition.Function), "COMMAND-5folwn5jws"},
		{"FunctionHasSpace", condition.ForFunction("pre token"), "COMMAND-5folwn5jws"},
		{"EventIsEmpty", condition.Condition{Kind: condition.Event}, "COMMAND-w5smb6v7qu"},
		{"EventHasEventAndGroup", condition.Condition{Kind: condition.Event, Event: "a", Group: "a"}, "COMMAND-hdm4zl1hmd"},
		{"EventHasGroupAndAll", condition.Condition{Kind: condition.Event, Group: "a", All: true}, "COMMAND-hdm4zl1hmd"},
		{"EventHasAMethod", condition.Condition{Kind: condition.Event, All: true, Method: "/a.S/M"}, "COMMAND-hdm4zl1hmd"},
		{"EventLooksLikeGroup", condition.ForEvent("user.*"), "COMMAND-w5smb6v7qu"},
		{"EventHasTail", condition.ForEvent("user.>"), "COMMAND-w5smb6v7qu"},
		{"EventEndsWithDot", condition.ForEvent("user."), "COMMAND-w5smb6v7qu"},
		{"EventHasNewline", condition.ForEvent("user\n"), "COMMAND-w5smb6v7qu"},
		{"EventHasZeroWidthSpace", condition.ForEvent("us\u200ber"), "COMMAND-w5smb6v7qu"},
		{"EventIsNotUTF8", condition.ForEvent("us\xffer"), "COMMAND-w5smb6v7qu"},
		{"EventIsAsLongAsAllowed", condition.ForEvent(long), ""},
		{"EventIsTooLong", condition.ForEvent(long + "a"), "COMMAND-w5smb6v7qu"},
		{"GroupIsOnlyTheSuffix", condition.Condition{Kind: condition.Event, Group: ".*"}, "COMMAND-w5smb6v7qu"},
		{"GroupHasSuffixTwice", condition.Condition{Kind: condition.Event, Group: "a.*.*"}, "COMMAND-w5smb6v7qu"},
		{"GroupConstructedWithSuffixTwice", condition.ForGroup("a.*.*"), "COMMAND-w5smb6v7qu"},
		{"GroupIsAsLongAsAllowed", condition.ForGroup(long + ".*"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wantFault(t, tt.condition.Validate(), tt.id)
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	refused := map[string]string{
		"":                   "ACTION-5r5Ju",
		"requests":           "ACTION-5r5Ju",
		"request.a.S":        "ACTION-5r5Ju", // the oldest revisions' dotted ids
		"request/":           "COMMAND-3tkej630e6",
		"request//a.S/M":     "COMMAND-3tkej630e6",
		"response/a.S/M/N":   "COMMAND-3tkej630e6",
		"function":           "COMMAND-5folwn5jws",
		"function/":          "COMMAND-5folwn5jws",
		"function/a/b":       "COMMAND-5folwn5jws",
		"event/":             "COMMAND-w5smb6v7qu",
		"event/.*":           "COMMAND-w5smb6v7qu",
		"event/*":            "COMMAND-w5smb6v7qu",
		"event/user.*.added": "COMMAND-w5smb6v7qu",
		"event/a/b":          "COMMAND-w5smb6v7qu",
		"event/a.*.*":        "COMMAND-w5smb6v7qu",
	}
	for id, want := range refused {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			_, err := condition.Parse(id)
			wantFault(t, err, want)
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, tt := range ids {
		f.Add(tt.id)
	}
	f.Add("event/a.*.*")
	f.Add("request//")
	f.Add("event/\xff.*")
	f.Fuzz(func(t *testing.T, id string) {
		c, err := condition.Parse(id)
		if err != nil {
			if fault.CodeOf(err) != fault.CodeInvalid {
				t.Fatalf("Parse(%q): %v is not an invalid-argument fault", id, err)
			}
			return
		}
		if got := c.ID(); got != id {
			t.Fatalf("Parse(%q).ID() = %q", id, got)
		}
	})
}

// wantFault wants an invalid-argument fault with the given id, or no error.
func wantFault(t *testing.T, err error, id string) {
	t.Helper()
	if id == "" {
		if err != nil {
			t.Errorf("got %v, want no error", err)
		}
		return
	}
	if !errors.Is(err, &fault.Error{Code: fault.CodeInvalid, ID: id}) {
		t.Errorf("got %v, want an invalid-argument fault %s", err, id)
	}
}
