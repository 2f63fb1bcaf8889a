package invocation

import "time"

// Call is one outgoing HTTP call of a script.
type Call struct {
	Start    time.Time // UTC
	Method   string
	URL      string // without user and password, secrets masked, at most 2,000 bytes
	Status   int    // of the answer; zero when there was none
	Sent     int    // bytes of the request body
	Received int    // bytes of the response body, decompressed
	Duration time.Duration
	Error    string // why there was no answer, or it was refused
	// Denied is the rule by which its address must not be called; empty: it may.
	Denied string `json:"-"`
}
