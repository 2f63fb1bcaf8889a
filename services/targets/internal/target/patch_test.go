package target_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/services/targets/internal/target"
)

func TestPatchCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		patch target.Patch
		field string
		id    string
	}{
		{"EmptyName", target.Patch{Name: new(string)}, "name", "COMMAND-d1wx4lm0zr"},
		{"UnknownKind", target.Patch{Kind: ptr(target.Kind(4))}, "target", "COMMAND-d1wx4lm0zr"},
		{"ZeroTimeout", target.Patch{Timeout: new(time.Duration)}, "timeout", "COMMAND-08b39vdi57"},
		{"TimeoutTooLong", target.Patch{Timeout: ptr(271 * time.Second)}, "timeout", "COMMAND-08b39vdi57"},
		{"UnknownPayload", target.Patch{Payload: new(target.Payload)}, "payload_type", ""},
		{"BadEndpoint", target.Patch{Endpoint: ptr("nats://>")}, "endpoint", "COMMAND-jsbaera7b6"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refused(t, tt.patch.Check(), tt.field, tt.id)
		})
	}
	t.Run("EmptyPatchIsFine", func(t *testing.T) {
		t.Parallel()
		if err := (target.Patch{}).Check(); err != nil {
			t.Error(err)
		}
	})
}

func TestPatchApply(t *testing.T) {
	t.Parallel()

	t.Run("KindReplacesTheFlagToo", func(t *testing.T) {
		t.Parallel()
		next, changed := target.Patch{Kind: ptr(target.Call)}.Apply(valid())
		if next.InterruptOnError || !changed {
			t.Errorf("got %+v, changed %v", next, changed)
		}
	})
	t.Run("FlagWithoutKindSaysNothing", func(t *testing.T) {
		t.Parallel()
		if next, changed := (target.Patch{InterruptOnError: false}).Apply(valid()); changed || next != valid() {
			t.Errorf("got %+v, changed %v", next, changed)
		}
	})
	t.Run("NewKeyIsAChange", func(t *testing.T) {
		t.Parallel()
		if next, changed := (target.Patch{Overlap: new(time.Duration)}).Apply(valid()); !changed || next != valid() {
			t.Errorf("got %+v, changed %v", next, changed)
		}
	})
	t.Run("ChangedMeansThatSomethingDiffers", rapid.MakeCheck(func(t *rapid.T) {
		before, patch := config().Draw(t, "before"), patch().Draw(t, "patch")
		after, changed := patch.Apply(before)
		if changed != (after != before || patch.Overlap != nil) {
			t.Fatalf("%+v -> %+v, changed %v", before, after, changed)
		}
		if after.Kind == target.Async && after.InterruptOnError {
			t.Fatal("async interrupts")
		}
		patch.Overlap = nil
		if again, changed := patch.Apply(after); changed || again != after {
			t.Fatalf("the same patch changes %+v again: %+v", after, again)
		}
	}))
}

func ptr[T any](v T) *T { return &v }

// config draws from few values, so that patches often say what is there.
func config() *rapid.Generator[target.Config] {
	return rapid.Custom(func(t *rapid.T) target.Config {
		c := target.Config{
			Name:     rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"),
			Kind:     kind().Draw(t, "kind"),
			Timeout:  rapid.SampledFrom([]time.Duration{1, time.Second}).Draw(t, "timeout"),
			Endpoint: rapid.SampledFrom([]string{"nats://a", "nats://b"}).Draw(t, "endpoint"),
			Payload:  rapid.SampledFrom([]target.Payload{target.JSON, target.JWT, target.JWE}).Draw(t, "payload"),
		}
		c.InterruptOnError = c.Kind != target.Async && rapid.Bool().Draw(t, "interrupt")
		return c
	})
}

func patch() *rapid.Generator[target.Patch] {
	return rapid.Custom(func(t *rapid.T) target.Patch {
		c := config().Draw(t, "values")
		return target.Patch{
			Name:             rapid.SampledFrom([]*string{nil, &c.Name}).Draw(t, "name"),
			Kind:             rapid.SampledFrom([]*target.Kind{nil, &c.Kind}).Draw(t, "kind"),
			Timeout:          rapid.SampledFrom([]*time.Duration{nil, &c.Timeout}).Draw(t, "timeout"),
			Endpoint:         rapid.SampledFrom([]*string{nil, &c.Endpoint}).Draw(t, "endpoint"),
			Payload:          rapid.SampledFrom([]*target.Payload{nil, &c.Payload}).Draw(t, "payload"),
			InterruptOnError: rapid.Bool().Draw(t, "interrupt"),
			Overlap:          rapid.SampledFrom([]*time.Duration{nil, new(time.Duration)}).Draw(t, "overlap"),
		}
	})
}

func kind() *rapid.Generator[target.Kind] {
	return rapid.SampledFrom([]target.Kind{target.Webhook, target.Call, target.Async})
}
