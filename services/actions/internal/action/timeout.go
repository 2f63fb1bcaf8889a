package action

import "time"

// MaxTimeout is the longest that an action may run, and how long one runs that
// names no time.
const MaxTimeout = 20 * time.Second

// EffectiveTimeout returns how long an action may run: what was stored where it
// is more than 0 and less than 20 s, else 20 s (sheet, 3.3).
func EffectiveTimeout(stored time.Duration) time.Duration {
	if stored <= 0 || stored >= MaxTimeout {
		return MaxTimeout
	}
	return stored
}
