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
	return time.UnixMilli(n>>(nodeBits+sequenceBits) + epochMillis).UTC(), nil
}

func parse(s string) (int64, bool) {
	if s == "" || s[0] < '1' || s[0] > '9' { // ParseInt would take signs and leading zeros
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
