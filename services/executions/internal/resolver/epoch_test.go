package resolver_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/actionplane/actionplane/services/executions/internal/resolver"
)

func wantEpoch(t *testing.T, e *resolver.Epochs, tenant string, want uint64) {
	t.Helper()
	if got, ok := e.Of(tenant); !ok || got != want {
		t.Errorf("epoch of %s is %d, %v; want %d", tenant, got, ok, want)
	}
}

func TestEpochs(t *testing.T) {
	t.Parallel()
	e := resolver.NewEpochs()
	if _, ok := e.Of("a"); ok {
		t.Error("an epoch is known before the feed is")
	}
	e.Start(5)
	wantEpoch(t, e, "a", 5)
	e.Advance(6, "a")
	e.Pass(7)
	wantEpoch(t, e, "a", 6)
	wantEpoch(t, e, "b", 5)
	e.AdvanceAll(8)
	wantEpoch(t, e, "a", 8)
	wantEpoch(t, e, "b", 8)
	e.Advance(9, "b")
	wantEpoch(t, e, "a", 8)
	wantEpoch(t, e, "b", 9)
}

func TestWait(t *testing.T) {
	t.Parallel()
	t.Run("WaitsForTheFeedAndThenForTheSequence", func(t *testing.T) {
		t.Parallel()
		e := resolver.NewEpochs()
		var waiting sync.WaitGroup
		for seq := range uint64(10) {
			waiting.Go(func() {
				if err := e.Wait(context.Background(), seq); err != nil {
					t.Error(err)
				}
				if got, _ := e.Of("all"); got < seq {
					t.Errorf("waited for %d until %d", seq, got)
				}
			})
		}
		e.Start(2)
		for seq := uint64(3); seq < 10; seq++ {
			e.Advance(seq, "all")
		}
		waiting.Wait()
	})
	t.Run("EndsWithItsContext", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := resolver.NewEpochs().Wait(ctx, 0); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	})
}
