package telemetry

import (
	"context"
	"sync"
	"time"
)

// readTimeout bounds one reading: a scrape waits for it.
const readTimeout = 2 * time.Second

// Remembered returns a function for callbacks of gauges whose value is kept
// elsewhere, in a database or a stream: it reads at most once in every, whoever
// collects metrics and however often. It is false while the value cannot be read:
// then there is nothing to observe, which is not the same as 0. It is safe for
// concurrent use.
func Remembered[V any](every time.Duration, read func(context.Context) (V, error)) func(context.Context) (V, bool) {
	var (
		mu   sync.Mutex
		next time.Time
		last V
		err  error
	)
	return func(ctx context.Context) (V, bool) {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); !now.Before(next) {
			ctx, cancel := context.WithTimeout(ctx, readTimeout)
			defer cancel()
			last, err = read(ctx)
			next = now.Add(every)
		}
		return last, err == nil
	}
}
