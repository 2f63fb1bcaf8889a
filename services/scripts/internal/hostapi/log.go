package hostapi

import (
	"log/slog"
	"time"

	"github.com/dop251/goja"
)

var logNames = []string{"log", "info", "debug", "warn", "error"}

// consoleNames are what console has. The levels are log's, and debug is one.
var consoleNames = []string{"log", "info", "debug", "warn", "error", "trace", "dir", "assert"}

// console is the browsers', as far as it prints.
func (s *session) console() *goja.Object {
	return Lazy(s.vm, consoleNames, func(name string) goja.Value {
		switch name {
		case "debug", "trace":
			return Native(s.vm, name, s.logger(slog.LevelDebug))
		case "warn":
			return Native(s.vm, name, s.logger(slog.LevelWarn))
		case "error":
			return Native(s.vm, name, s.logger(slog.LevelError))
		case "assert":
			return Native(s.vm, name, s.assert)
		}
		return Native(s.vm, name, s.logger(slog.LevelInfo))
	})
}

// assert(condition, ...) logs an error unless the condition holds.
func (s *session) assert(call goja.FunctionCall) goja.Value {
	if call.Argument(0).ToBoolean() {
		return goja.Undefined()
	}
	args := []goja.Value{s.vm.ToValue("Assertion failed")}
	if len(call.Arguments) > 1 {
		args = append(args, call.Arguments[1:]...)
	}
	return s.logger(slog.LevelError)(goja.FunctionCall{This: call.This, Arguments: args})
}

// logModule is zitadel/log. As on the original platform debug is no level of
// its own.
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
