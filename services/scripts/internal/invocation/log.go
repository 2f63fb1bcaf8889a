package invocation

import (
	"log/slog"
	"time"
)

// LogEntry is one line that a script logged.
type LogEntry struct {
	Time    time.Time // UTC
	Level   slog.Level
	Message string
}
