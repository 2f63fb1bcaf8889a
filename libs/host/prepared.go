package host

import (
	"context"
	"sync"
)

type preparedKey struct{}

// withPrepared returns the context of a unit's Run, under which Prepared calls
// f, once.
func withPrepared(ctx context.Context, f func()) context.Context {
	return context.WithValue(ctx, preparedKey{}, sync.OnceFunc(f))
}

// Prepared tells the process that a service has done what comes before its
// work, such as migrations, and may be given traffic: until all its services
// have said so, /readyz answers 503. ctx is that of the service's Run, or comes
// from it. Together says it for the service; only one that does without calls
// it itself. Outside of a process, as in a service's own tests, nobody listens.
func Prepared(ctx context.Context) {
	if prepared, ok := ctx.Value(preparedKey{}).(func()); ok {
		prepared()
	}
}
