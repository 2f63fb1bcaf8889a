package hook

import (
	"context"
	"time"
)

// maxReserve is kept back of the caller's time, so that the answer arrives in
// time even when the last step uses all it was given.
const maxReserve = 25 * time.Millisecond

// allowance returns how long a step may take: its target's timeout, or what the
// caller's deadline leaves less a reserve of a tenth, at most maxReserve. It is
// false when that is nothing.
func allowance(ctx context.Context, timeout time.Duration) (time.Duration, bool) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return timeout, timeout > 0
	}
	left := time.Until(deadline)
	return min(timeout, left-min(maxReserve, left/10)), left > 0
}
