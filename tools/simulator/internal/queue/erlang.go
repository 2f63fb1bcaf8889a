// Package queue says how long work waits for servers: by the closed form where
// there is one, and by playing it through, job by job, where there is none.
package queue

import "math"

// ErlangC returns the share of arrivals that wait in a queue M/M/c, and how
// long an arrival waits on average, in units of time of the two rates. The wait
// is infinite where servers are not enough.
//
// A. K. Erlang, 1917; the recursion of Erlang B keeps it from overflowing.
func ErlangC(arrivals, service float64, servers int) (waiting, wait float64) {
	load := arrivals / service
	if load >= float64(servers) {
		return 1, math.Inf(1)
	}
	blocked := 1.0
	for c := 1; c <= servers; c++ {
		blocked = load * blocked / (float64(c) + load*blocked)
	}
	use := load / float64(servers)
	waiting = blocked / (1 - use*(1-blocked))
	return waiting, waiting / (float64(servers)*service - arrivals)
}
