package settings_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/approvals/internal/settings"
)

const tooHigh = "APPROVAL_THRESHOLD_TOO_HIGH"

func TestApply(t *testing.T) {
	t.Parallel()
	hours := func(n int32) *time.Duration { return new(settings.Hours(n)) }
	unreachable := settings.Settings{TTL: time.Hour, RequiredApprovals: 9}
	tests := []struct {
		name      string
		from      settings.Settings
		patch     settings.Patch
		reviewers uint32
		code      fault.Code
		reason    string
	}{
		{"NothingAsked", settings.Default(), settings.Patch{}, 0, 0, ""},
		{"ThresholdAtTheCap", settings.Default(), settings.Patch{RequiredApprovals: new(int32(2))}, 3, 0, ""},
		{"ThresholdAboveTheCap", settings.Default(), settings.Patch{RequiredApprovals: new(int32(3))}, 3, fault.CodeInvalid, tooHigh},
		{"LargestThreshold", settings.Default(), settings.Patch{RequiredApprovals: new(int32(1<<31 - 1))}, 3, fault.CodeInvalid, tooHigh},
		{"ThresholdOfZero", settings.Default(), settings.Patch{RequiredApprovals: new(int32(0))}, 3, fault.CodeInvalid, ""},
		{"EnablingAlone", settings.Default(), settings.Patch{Enabled: new(true)}, 1, fault.CodeInvalid, tooHigh},
		{"EnablingWithNobody", settings.Default(), settings.Patch{Enabled: new(true)}, 0, fault.CodeInvalid, tooHigh},
		{"EnablingWithASecond", settings.Default(), settings.Patch{Enabled: new(true)}, 2, 0, ""},
		{"EnablingWhatCannotBeReached", unreachable, settings.Patch{Enabled: new(true)}, 9, fault.CodeInvalid, tooHigh},
		{"EnablingWithALowerThreshold", unreachable, settings.Patch{Enabled: new(true), RequiredApprovals: new(int32(1))}, 9, 0, ""},
		{"DisablingNeedsNobody", unreachable, settings.Patch{Enabled: new(false)}, 0, 0, ""},
		{"TTLNeedsNobody", unreachable, settings.Patch{TTL: hours(168)}, 0, 0, ""},
		{"ShortestTTL", settings.Default(), settings.Patch{TTL: hours(1)}, 0, 0, ""},
		{"NoTTL", settings.Default(), settings.Patch{TTL: hours(0)}, 0, fault.CodeInvalid, ""},
		{"TooLongTTL", settings.Default(), settings.Patch{TTL: hours(169)}, 0, fault.CodeInvalid, ""},
		{"FarTooLongTTL", settings.Default(), settings.Patch{TTL: hours(1<<31 - 1)}, 0, fault.CodeInvalid, ""},
		{"NegativeTTL", settings.Default(), settings.Patch{TTL: hours(-1 << 31)}, 0, fault.CodeInvalid, ""},
		{"PartOfAnHour", settings.Default(), settings.Patch{TTL: new(90 * time.Minute)}, 0, fault.CodeInvalid, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.from.Apply(tt.patch, tt.reviewers)
			f, _ := fault.As(err)
			if fault.CodeOf(err) != tt.code || f != nil && f.Reason != tt.reason {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestApplyMatchesAModel compares with fields in a map.
func TestApplyMatchesAModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		current := settings.Default()
		model := map[string]int{"enabled": 0, "ttl": 24, "required": 1}
		for range rapid.IntRange(1, 10).Draw(t, "writes") {
			reviewers := rapid.IntRange(0, 5).Draw(t, "reviewers")
			sent := rapid.MapOf(rapid.SampledFrom([]string{"enabled", "ttl", "required"}), rapid.IntRange(-1, 170)).Draw(t, "sent")
			want := map[string]int{}
			for name, value := range model {
				want[name] = value
				if v, ok := sent[name]; ok {
					want[name] = v
				}
			}
			if _, ok := sent["enabled"]; ok {
				want["enabled"] = sent["enabled"] & 1
			}
			_, sets := sent["required"]
			_, turns := sent["enabled"]
			refused := want["ttl"] < 1 || want["ttl"] > 168 || want["required"] < 1 ||
				(sets || turns && want["enabled"] == 1) && want["required"] > reviewers-1

			next, err := current.Apply(patch(sent), uint32(reviewers))
			if (err != nil) != refused {
				t.Fatalf("%v on %v with %d reviewers: got %v", sent, model, reviewers, err)
			}
			if refused {
				continue
			}
			current, model = next, want
			if b2i(current.Enabled) != model["enabled"] || current.TTL != time.Duration(model["ttl"])*time.Hour || int(current.RequiredApprovals) != model["required"] {
				t.Fatalf("got %+v, want %v", current, model)
			}
		}
	})
}

func patch(sent map[string]int) settings.Patch {
	var p settings.Patch
	if v, ok := sent["enabled"]; ok {
		p.Enabled = new(v&1 == 1)
	}
	if v, ok := sent["ttl"]; ok {
		p.TTL = new(settings.Hours(int32(v)))
	}
	if v, ok := sent["required"]; ok {
		p.RequiredApprovals = new(int32(v))
	}
	return p
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestWeakens(t *testing.T) {
	t.Parallel()
	on := settings.Settings{Enabled: true, TTL: settings.Hours(24), RequiredApprovals: 2}
	for name, c := range map[string]struct {
		change func(*settings.Settings)
		want   bool
	}{
		"nothing":    {func(*settings.Settings) {}, false},
		"off":        {func(s *settings.Settings) { s.Enabled = false }, true},
		"fewer":      {func(s *settings.Settings) { s.RequiredApprovals = 1 }, true},
		"more":       {func(s *settings.Settings) { s.RequiredApprovals = 3 }, false},
		"longer":     {func(s *settings.Settings) { s.TTL = settings.Hours(25) }, true},
		"shorter":    {func(s *settings.Settings) { s.TTL = settings.Hours(1) }, false},
		"both ways":  {func(s *settings.Settings) { s.TTL, s.RequiredApprovals = settings.Hours(1), 1 }, true},
		"everything": {func(s *settings.Settings) { *s = settings.Settings{} }, true},
	} {
		next := on
		if c.change(&next); settings.Weakens(on, next) != c.want {
			t.Errorf("%s: %t", name, !c.want)
		}
		off := on
		if off.Enabled = false; settings.Weakens(off, next) {
			t.Errorf("%s: what is off was weakened", name)
		}
	}
}
