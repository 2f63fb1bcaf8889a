package ident

import (
	"strconv"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
)

// IsSnowflake reports whether s is a positive 63-bit number in decimal
// without a leading zero or sign. Ids made elsewhere, which are shorter than
// ours, are snowflakes too.
func IsSnowflake(s string) bool {
	_, ok := parse(s)
	return ok
}

// Time returns when id was made, to within a few milliseconds, in UTC. It
// means something only for ids of a Source. What is not a snowflake is a
// fault.Invalid.
func Time(id string) (time.Time, error) {
	n, ok := parse(id)
	if !ok {
		return time.Time{}, fault.Invalid("id %q is not a snowflake", id)
	}
	return TimeOf(n), nil
}

// TimeOf is Time for a snowflake that is a number already.
func TimeOf(id int64) time.Time {
	return time.UnixMilli(id>>(nodeBits+sequenceBits) + epochMillis).UTC()
}

func parse(s string) (int64, bool) {
	if s == "" || s[0] < '1' || s[0] > '9' { // ParseInt would take signs and leading zeros
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// Of returns the id of what happened at a moment as the n-th of a sequence: a
// snowflake that is the same wherever and whenever it is asked for. Two that
// happened in one millisecond differ as long as their n are less than four
// million apart.
func Of(at time.Time, n uint64) int64 {
	ms := max(at.UnixMilli()-epochMillis, 1)
	const low = nodeBits + sequenceBits
	return (ms&(1<<41-1))<<low | int64(n&(1<<low-1))
}
