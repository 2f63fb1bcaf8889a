package condition_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/services/executions/internal/condition"
	"pgregory.net/rapid"
)

func TestCandidates(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		trigger condition.Trigger
		want    []string
	}{
		{"Request", condition.Trigger{Kind: condition.Request, Name: "/a.S/M"}, []string{"request/a.S/M", "request/a.S", "request"}},
		{"ResponseWithoutLeadingSlash", condition.Trigger{Kind: condition.Response, Name: "a.S/M"}, []string{"response/a.S/M", "response/a.S", "response"}},
		{"Event", condition.Trigger{Kind: condition.Event, Name: "a.b.c"}, []string{"event/a.b.c", "event/a.b.*", "event/a.*", "event"}},
		{"EventOfOneSegment", condition.Trigger{Kind: condition.Event, Name: "a"}, []string{"event/a", "event"}},
		{"Function", condition.Trigger{Kind: condition.Function, Name: "preuserinfo"}, []string{"function/preuserinfo"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := tt.trigger.Validate(); err != nil {
				t.Fatalf("Validate: %v", err)
			}
			if got := condition.Candidates(tt.trigger); !slices.Equal(got, tt.want) {
				t.Errorf("Candidates = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestTriggerValidate(t *testing.T) {
	t.Parallel()
	for name, trigger := range map[string]condition.Trigger{
		"NoKind":               {Name: "a"},
		"MethodWithoutService": {Kind: condition.Request, Name: "/M"},
		"EventIsAGroup":        {Kind: condition.Event, Name: "user.*"},
		"EmptyFunction":        {Kind: condition.Function},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if trigger.Validate() == nil {
				t.Errorf("%+v is accepted", trigger)
			}
		})
	}
}

// TestCandidatesOfAnything: a trigger that nobody validated may find nothing,
// but must not panic.
func TestCandidatesOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]condition.Kind{condition.Request, condition.Response, condition.Function, condition.Event, "", "x"}).Draw(t, "kind")
		condition.Candidates(condition.Trigger{Kind: kind, Name: rapid.String().Draw(t, "name")})
	})
}

// TestWinnerAgreesWithModel compares the first existing candidate with a model
// that walks all conditions, asks each whether it matches, and ranks those
// that do.
func TestWinnerAgreesWithModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stored := rapid.SliceOfN(drawCondition(), 0, 12).Draw(t, "stored")
		trigger := drawTrigger().Draw(t, "trigger")

		got := ""
		for _, id := range condition.Candidates(trigger) {
			if slices.ContainsFunc(stored, func(c condition.Condition) bool { return c.ID() == id }) {
				got = id
				break
			}
		}
		if want := modelWinner(stored, trigger); got != want {
			t.Fatalf("winner %q, want %q", got, want)
		}
	})
}

func modelWinner(stored []condition.Condition, trigger condition.Trigger) string {
	winner, best := "", 0
	for _, c := range stored {
		if rank := modelRank(c, trigger); rank > best {
			winner, best = c.ID(), rank
		}
	}
	return winner
}

// modelRank is 0 for no match, else the higher the more specific.
func modelRank(c condition.Condition, trigger condition.Trigger) int {
	if c.Kind != trigger.Kind {
		return 0
	}
	const exact, service = 1_000_000, 2
	called := strings.Split(strings.TrimPrefix(trigger.Name, "/"), "/")
	switch {
	case c.All:
		return 1
	case c.Method != "" && slices.Equal(strings.Split(strings.TrimPrefix(c.Method, "/"), "/"), called):
		return exact
	case c.Service != "" && c.Service == called[0]:
		return service
	case c.Name != "" && c.Name == trigger.Name:
		return exact
	case c.Event != "" && c.Event == trigger.Name:
		return exact
	case c.Group != "":
		group, name := strings.Split(c.Group, "."), strings.Split(trigger.Name, ".")
		if len(group) < len(name) && slices.Equal(group, name[:len(group)]) {
			return 1 + len(group)
		}
	}
	return 0
}

// segments share prefixes on purpose: "user" must not match "username".
var segments = rapid.SampledFrom([]string{"user", "username", "us", "human", "a"})

func drawDotted() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(segments, 1, 4).Draw(t, "segments"), ".")
	})
}

func drawTrigger() *rapid.Generator[condition.Trigger] {
	return rapid.Custom(func(t *rapid.T) condition.Trigger {
		kind := rapid.SampledFrom([]condition.Kind{condition.Request, condition.Response, condition.Function, condition.Event}).Draw(t, "kind")
		name := drawDotted().Draw(t, "name")
		if kind == condition.Request || kind == condition.Response {
			name = rapid.SampledFrom([]string{"/", ""}).Draw(t, "slash") + name + "/" + segments.Draw(t, "method")
		}
		return condition.Trigger{Kind: kind, Name: name}
	})
}

func drawCondition() *rapid.Generator[condition.Condition] {
	return rapid.Custom(func(t *rapid.T) condition.Condition {
		kind := rapid.SampledFrom([]condition.Kind{condition.Request, condition.Response}).Draw(t, "kind")
		name := drawDotted().Draw(t, "name")
		return rapid.SampledFrom([]condition.Condition{
			condition.ForMethod(kind, name+"/"+segments.Draw(t, "method")),
			condition.ForService(kind, name),
			condition.ForAll(kind),
			condition.ForFunction(name),
			condition.ForEvent(name),
			condition.ForGroup(name),
			condition.ForAll(condition.Event),
		}).Draw(t, "condition")
	})
}

func BenchmarkCandidates(b *testing.B) {
	for name, trigger := range map[string]condition.Trigger{
		"Request": {Kind: condition.Request, Name: "/zitadel.session.v2.SessionService/ListSessions"},
		"Event":   {Kind: condition.Event, Name: "user.human.added"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				condition.Candidates(trigger)
			}
		})
	}
}
