// Package meter is what dispatch tells of its work: metrics of chains, steps,
// attempts and deliveries, and one wide line of each attempt and each run.
//
// It stands on the hot path, where it costs a microsecond or two: series are
// made once for each target and kept, counters are atomic numbers, and recording
// allocates nothing. How many targets and tenants have series of their own is
// bounded (telemetry.PerTarget).
//
// Of lines, those about what went well are so many a second
// (telemetry.Config.LogSuccesses); every attempt that failed has one, at INFO,
// and every delivery that nobody will try again one at WARN. Durations in them
// are nanoseconds. Payloads, answers, headers and the path of an endpoint are in
// none.
package meter
