package hook

import (
	"context"
	"slices"
	"time"

	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// maxReserve is kept back of the caller's time, so that the answer arrives in
// time even when the last step uses all it was given.
const maxReserve = 25 * time.Millisecond

// allowance returns how long a step may take: its target's timeout, or what the
// caller's deadline leaves less a reserve of a tenth, at most maxReserve. A step
// that shares takes no more than half of that. It is false when it is nothing.
func allowance(ctx context.Context, timeout time.Duration, shares bool) (time.Duration, bool) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return timeout, timeout > 0
	}
	left := time.Until(deadline)
	most := left - min(maxReserve, left/10)
	if shares {
		most /= 2
	}
	return min(timeout, most), left > 0
}

// shares reports whether the first of steps must leave time to those behind it:
// its failure would be passed over, so a target that hangs must not be what they
// fail of. One that interrupts may take all there is, for without it nothing
// behind it counts.
func shares(steps []run.Step) bool {
	return !steps[0].Interrupts && slices.ContainsFunc(steps[1:], func(s run.Step) bool { return s.Kind != run.Async })
}
