// Package target decides.
package target

import (
	"time"

	_ "example.test/libs/fault"
)

// Due adds.
func Due(now time.Time) time.Time { return now.Add(time.Second) }
