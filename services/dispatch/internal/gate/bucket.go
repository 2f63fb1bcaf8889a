package gate

import (
	"math"
	"time"
)

// bucket is a token bucket: it holds one second's worth, and never less than
// one token.
type bucket struct {
	tokens float64
	filled time.Time // zero: it is full
}

// unlimited is more tokens than anybody asks for.
const unlimited = math.MaxInt32

// take takes a token, or returns how long to wait for one. A rate of 0 is no
// limit.
func (b *bucket) take(rate float64, now time.Time) (wait time.Duration) {
	if rate <= 0 {
		return 0
	}
	b.fill(rate, now)
	if b.tokens < 1 {
		return b.missing(rate)
	}
	b.tokens--
	return 0
}

// look returns how many tokens there are.
func (b *bucket) look(rate float64, now time.Time) int {
	if rate <= 0 {
		return unlimited
	}
	b.fill(rate, now)
	return int(min(b.tokens, unlimited))
}

func (b *bucket) fill(rate float64, now time.Time) {
	full := max(1, rate)
	if b.filled.IsZero() {
		b.tokens = full
	} else if passed := now.Sub(b.filled); passed > 0 { // clocks may jump back
		b.tokens = min(full, b.tokens+rate*passed.Seconds())
	}
	b.filled = now
}

// missing is rounded up, so that whoever waits for it is not too early by a
// hair.
func (b *bucket) missing(rate float64) time.Duration {
	return time.Duration((1-b.tokens)/rate*float64(time.Second)) + time.Microsecond
}
