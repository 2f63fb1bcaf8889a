package courier

import (
	"context"
	"time"
)

// inFlight is the work that outlives the call that began it: its owner waits
// for it, for a while, and then breaks it off.
type inFlight struct {
	crew
	patience context.Context //nolint:containedctx // the owner's: all work's ends with it
	lose     context.CancelFunc
}

func newInFlight() *inFlight {
	patience, lose := context.WithCancel(context.Background()) //nolint:gosec // drain ends it
	return &inFlight{crew: crew{most: maxResting}, patience: patience, lose: lose}
}

// begin returns a context that carries what ctx does and ends with drain's
// patience. One that ended with each run, too, would break off the attempts of one
// that could not be committed, which are few, and cost every run as much as its
// timer and its locks do.
func (f *inFlight) begin(ctx context.Context) context.Context { return carrying{f.patience, ctx} }

// drain waits until the work is done. What takes longer than grace is canceled.
func (f *inFlight) drain(grace time.Duration) {
	timer := time.AfterFunc(grace, f.lose)
	defer timer.Stop()
	f.dismiss()
}

// carrying is a context that carries what another does. It has none of its own.
type carrying struct {
	context.Context //nolint:containedctx // it is one
	what            context.Context
}

// Value is the other's. The first is asked for what package context keeps with
// it, to be told when it ends.
func (c carrying) Value(key any) any {
	if value := c.Context.Value(key); value != nil {
		return value
	}
	return c.what.Value(key)
}
