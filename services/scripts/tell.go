package scripts

import (
	"context"
	"log/slog"
	"time"

	"github.com/actionplane/actionplane/services/scripts/internal/journal"
)

// finished is an invocation that came to an end.
type finished struct {
	journal.Entry
	queue          time.Duration // it waited for a worker, and travelled
	sent, received int           // bytes of its input and its output
}

// tell measures an invocation and writes its line.
func (s *Service) tell(ctx context.Context, f finished) {
	s.meters.invoked(ctx, &f.Entry)
	s.meters.lines.Tell(ctx, slog.LevelInfo, f.Outcome == journal.Succeeded, "script.invoked", f.attrs)
}

// attrs are all that one may want to filter by. The texts are the author's, with
// secrets masked; what the script was given, and what it answered, stay out.
func (f finished) attrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.String("tenant", f.Tenant), slog.String("organization", f.Organization), slog.String("invocation_id", f.ID.String()),
		slog.String("action_id", f.ActionID), slog.String("action", f.ActionName), slog.Uint64("version", uint64(f.Version)),
		slog.String("run_id", f.RunID), slog.String("outcome", string(f.Outcome)), slog.Bool("allowed_to_fail", f.AllowedToFail),
		slog.Duration("took", f.Duration), slog.Duration("cpu", f.CPU), slog.Duration("queue", f.queue),
		slog.Int64("memory", f.PeakMemory), slog.Int("sent", f.sent), slog.Int("received", f.received),
		slog.Int("calls", len(f.Calls)), slog.Int("lines", len(f.Logs)),
	}
	if f.Trigger.Flow != 0 {
		attrs = append(attrs, slog.Int("flow", int(f.Trigger.Flow)), slog.Int("trigger", int(f.Trigger.Type)))
	}
	if f.Failure.Kind != "" {
		attrs = append(attrs, slog.String("error_class", f.Failure.Kind), slog.String("error", f.Failure.Message),
			slog.Int("line", f.Failure.Line), slog.Int("column", f.Failure.Column))
	}
	return attrs
}
