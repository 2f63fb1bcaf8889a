package telemetry

import (
	"sync/atomic"
	"time"
)

// Sample keeps lines that tell of what went well from drowning those that
// matter: so many of them are written each second, and those beyond are counted.
// It is safe for concurrent use, and what it costs is a few nanoseconds.
type Sample struct {
	perSecond int64

	second  atomic.Int64 // the one that count is of
	count   atomic.Int64
	skipped atomic.Int64
}

// NewSample returns a Sample for one kind of line, of Config.LogSuccesses.
func (t *Telemetry) NewSample() *Sample {
	if t == nil {
		return new(Sample)
	}
	return &Sample{perSecond: int64(t.logSuccesses)}
}

// Take says whether a line may be written now, and how many were not since the
// last one that was: the line tells that, so that counting lines still counts
// everything.
func (s *Sample) Take(now time.Time) (skipped int64, ok bool) {
	if second := now.Unix(); s.second.Load() != second {
		s.second.Store(second) // of two that see it change, both may start anew: a few lines more
		s.count.Store(0)
	}
	if s.count.Add(1) > s.perSecond {
		s.skipped.Add(1)
		return 0, false
	}
	return s.skipped.Swap(0), true
}
