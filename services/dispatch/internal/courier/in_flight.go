package courier

import (
	"context"
	"sync"
	"time"
)

// inFlight is the work that outlives the call that began it: its owner waits
// for it, for a while, and then breaks it off.
type inFlight struct {
	work sync.WaitGroup

	mu      sync.Mutex
	cancels map[*context.CancelFunc]struct{}
	over    bool
}

// begin returns a context that ends with drain's patience.
func (f *inFlight) begin(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		cancel()
	}
	if f.cancels == nil {
		f.cancels = map[*context.CancelFunc]struct{}{}
	}
	f.cancels[&cancel] = struct{}{}
	return ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.cancels, &cancel)
		cancel()
	}
}

// drain waits until the work is done. What takes longer than grace is canceled.
func (f *inFlight) drain(grace time.Duration) {
	timer := time.AfterFunc(grace, f.cancelAll)
	defer timer.Stop()
	f.work.Wait()
}

func (f *inFlight) cancelAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	for cancel := range f.cancels {
		(*cancel)()
	}
}
