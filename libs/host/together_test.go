package host_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/actionplane/actionplane/libs/host"
)

func TestTogether(t *testing.T) {
	t.Parallel()

	t.Run("StopsInTheOrderGiven", func(t *testing.T) {
		t.Parallel()
		var mu sync.Mutex
		var stopped []string
		part := func(name string) func(context.Context) error {
			return func(ctx context.Context) error {
				<-ctx.Done()
				mu.Lock()
				defer mu.Unlock()
				stopped = append(stopped, name)
				return nil
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := host.Together(ctx, part("server"), part("relay"), part("feed")); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(stopped, []string{"server", "relay", "feed"}) {
			t.Fatalf("stopped in the order %v", stopped)
		}
	})
	t.Run("AFailureStopsTheRest", func(t *testing.T) {
		t.Parallel()
		broken := errors.New("broken")
		err := host.Together(t.Context(),
			func(ctx context.Context) error { <-ctx.Done(); return nil },
			func(context.Context) error { return broken })
		if !errors.Is(err, broken) {
			t.Fatalf("got %v", err)
		}
	})
}
