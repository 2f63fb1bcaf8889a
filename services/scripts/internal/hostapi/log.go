package hostapi

import (
	"log/slog"
	"time"

	"github.com/dop251/goja"
)

var logNames = []string{"log", "info", "debug", "warn", "error"}

// logModule is zitadel/log, and console. As on the original platform debug is
// no level of its own.
func (s *session) logModule() *goja.Object {
	return Lazy(s.vm, logNames, func(name string) goja.Value {
		level := slog.LevelInfo
		switch name {
		case "warn":
			level = slog.LevelWarn
		case "error":
			level = slog.LevelError
		}
		return Native(s.vm, name, s.logger(level))
	})
}

func (s *session) logger(level slog.Level) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		if s.Logs.full() {
			s.Logs.truncated = true
			return goja.Undefined()
		}
		s.Logs.Add(time.Now(), level, s.format(call.Arguments))
		return goja.Undefined()
	}
}
