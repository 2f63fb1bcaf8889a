package pgserver

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
)

// readyLine is what postgres says when it accepts connections (lc_messages=C).
const readyLine = "database system is ready to accept connections"

// maxLine bounds what is kept of a line, in bytes.
const maxLine = 4096

// serverLog reads what postgres writes to stderr: it passes lines on to the
// log, notices that the server is ready, and remembers why it gave up.
type serverLog struct {
	log   *slog.Logger
	ready chan struct{} // closed when the server accepts connections

	mu      sync.Mutex
	partial []byte // the line that is not complete yet
	isReady bool
	fatal   string // last FATAL or PANIC
	last    string // last line of any kind
}

func newServerLog(log *slog.Logger) *serverLog {
	return &serverLog{log: log, ready: make(chan struct{})}
}

// Write takes output in pieces of any size. It never fails.
func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, p...)
	for {
		line, rest, found := bytes.Cut(l.partial, []byte("\n"))
		if !found {
			break
		}
		l.line(strings.TrimSpace(string(line)))
		l.partial = rest
	}
	if len(l.partial) > maxLine {
		l.partial = l.partial[:maxLine]
	}
	return len(p), nil
}

// line takes one complete line.
func (l *serverLog) line(text string) {
	if text == "" {
		return
	}
	l.log.DebugContext(context.Background(), "postgres.says", "line", text)
	l.last = text
	if strings.HasPrefix(text, "FATAL:") || strings.HasPrefix(text, "PANIC:") {
		l.fatal = text
	}
	if !l.isReady && strings.Contains(text, readyLine) {
		l.isReady = true
		close(l.ready)
	}
}

// reason returns why the server ended, in one line; err is its exit status.
func (l *serverLog) reason(err error) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.fatal != "":
		return strings.Join(strings.Fields(l.fatal), " ")
	case l.last != "":
		return strings.Join(strings.Fields(l.last), " ")
	case err != nil:
		return err.Error()
	}
	return "it did not say why"
}
