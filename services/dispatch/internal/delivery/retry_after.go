package delivery

import (
	"strconv"
	"strings"
	"time"
)

// maxRetryAfterSeconds keeps the product with time.Second within an int64.
const maxRetryAfterSeconds = 365 * 24 * 60 * 60

// ParseRetryAfter reads a Retry-After header (RFC 9110, 10.2.3): seconds or a
// date, of which the one is at most a year and the other counted from now.
// Anything else, and the past, is 0: no wish.
func ParseRetryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if isDigits(header) {
		seconds, err := strconv.ParseInt(header, 10, 64)
		if err != nil { // more digits than an int64 has
			seconds = maxRetryAfterSeconds
		}
		return time.Duration(min(seconds, maxRetryAfterSeconds)) * time.Second
	}
	for _, layout := range [...]string{httpDate, time.RFC850, time.ANSIC} {
		if at, err := time.Parse(layout, header); err == nil {
			return min(max(0, at.Sub(now)), maxRetryAfterSeconds*time.Second)
		}
	}
	return 0
}

// httpDate is the preferred date format; the other two are obsolete, but
// receivers must still be understood.
const httpDate = "Mon, 02 Jan 2006 15:04:05 GMT"

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
