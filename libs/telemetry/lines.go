package telemetry

import (
	"context"
	"log/slog"
	"time"
)

// Lines writes one kind of wide line: one for each thing of that kind that came
// to an end, with all that one may want to filter by. Those about what went well
// are written up to Config.LogSuccesses a second; of the others every one is.
type Lines struct {
	log    *slog.Logger
	sample *Sample
}

// NewLines returns what writes one kind of line to log.
func (t *Telemetry) NewLines(log *slog.Logger) *Lines { return &Lines{log, t.NewSample()} }

// Tell writes a line, unless its level is not logged, or it is about what went
// well and there were enough of those in this second. attrs is called only for a
// line that is written. "not_logged" in it is how many were not since the last
// that was, so that counting lines still counts everything.
func (l *Lines) Tell(ctx context.Context, level slog.Level, wentWell bool, message string, attrs func() []slog.Attr) {
	if !l.log.Enabled(ctx, level) {
		return
	}
	var skipped int64
	if wentWell {
		var ok bool
		if skipped, ok = l.sample.Take(time.Now()); !ok {
			return
		}
	}
	told := attrs()
	if skipped > 0 {
		told = append(told, slog.Int64("not_logged", skipped))
	}
	l.log.LogAttrs(ctx, level, message, told...)
}
