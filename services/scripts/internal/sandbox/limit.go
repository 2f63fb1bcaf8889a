package sandbox

import (
	"context"
	"time"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// stop is what a VM is interrupted with: why. Its text is the original's.
type stop struct{ kind invocation.Kind }

func (stop) String() string { return "interrupt" }

// limit interrupts a VM when a phase or the whole call has lasted too long, or
// when nobody waits for it any more. The VM sees it at its next instruction.
type limit struct {
	vm     *goja.Runtime
	timer  *time.Timer
	ends   time.Time   // of the current phase
	total  time.Time   // of the call; zero for no such bound
	detach func() bool // from the caller's context
}

func newLimit(ctx context.Context, vm *goja.Runtime, start time.Time, budget time.Duration) *limit {
	l := &limit{vm: vm}
	if budget > 0 {
		l.total = start.Add(budget)
	}
	l.detach = context.AfterFunc(ctx, func() { vm.Interrupt(stop{invocation.KindCanceled}) })
	return l
}

// phase starts a phase of at most d.
func (l *limit) phase(d time.Duration) {
	now := time.Now()
	l.ends = now.Add(d)
	if !l.total.IsZero() && l.total.Before(l.ends) {
		l.ends = l.total
	}
	if l.timer == nil {
		l.timer = time.AfterFunc(l.ends.Sub(now), func() { l.vm.Interrupt(stop{invocation.KindTimeout}) })
		return
	}
	l.timer.Reset(l.ends.Sub(now))
}

// rest starts a last phase of d, whatever the call's bound.
func (l *limit) rest(d time.Duration) {
	l.ends = time.Now().Add(d)
	if l.timer != nil {
		l.timer.Reset(d)
	}
}

// deadline returns when the current phase ends.
func (l *limit) deadline() time.Time { return l.ends }

// end lets go of the timer and the context.
func (l *limit) end() {
	l.detach()
	if l.timer != nil {
		l.timer.Stop()
	}
}
