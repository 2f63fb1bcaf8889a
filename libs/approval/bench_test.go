package approval

import (
	"context"
	"testing"
)

// BenchmarkKnownMode is what approvals cost a gated call of an organization
// that has them off.
func BenchmarkKnownMode(b *testing.B) {
	m := newModes(DefaultConfig(), func(context.Context) (bool, error) { return false, nil })
	m.follow()
	ctx := b.Context()
	for b.Loop() {
		if on, err := m.on(ctx); on || err != nil {
			b.Fatal(on, err)
		}
	}
}
