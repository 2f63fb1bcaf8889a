package host

import (
	"context"
	"errors"
	"sync"
)

// Together runs the parts of a service side by side until ctx is done or one
// of them fails. They are then stopped one after the other, in the order
// given, each only when the one before has returned: name what takes work
// first, and what the work still needs last. It returns every part's error.
// With it the service counts as Prepared.
func Together(ctx context.Context, parts ...func(context.Context) error) error {
	base := context.WithoutCancel(ctx)
	stopping, fail := context.WithCancel(ctx)
	defer fail()
	Prepared(ctx)
	failures := make([]error, len(parts))
	stops := make([]context.CancelFunc, len(parts))
	done := make([]sync.WaitGroup, len(parts))
	for i, part := range parts {
		var partCtx context.Context
		partCtx, stops[i] = context.WithCancel(base)
		done[i].Go(func() {
			failures[i] = part(partCtx)
			fail() // whether it failed or ended, the others must not go on alone
		})
	}
	<-stopping.Done()
	for i := range parts {
		stops[i]()
		done[i].Wait()
	}
	return errors.Join(failures...)
}

// Stopped returns nil where err comes of being told to stop: a part that was
// still starting when ctx ended has not failed.
func Stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // see above
	}
	return err
}
