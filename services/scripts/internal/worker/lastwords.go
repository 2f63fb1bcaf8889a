package worker

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

const (
	maxLine  = 1 << 10 // bytes of a line that are logged
	maxLines = 30      // lines of one worker's life that are logged; a fatal error prints all its stacks
)

// lastWords is a worker's stderr. Workers are silent unless they die: lines go
// to the log, and are searched for the reason.
type lastWords struct {
	log *slog.Logger

	mu     sync.Mutex
	line   []byte
	lines  int
	memory bool // it could not get more memory
	stack  bool // it recursed too deeply
}

// Write takes some output; it never fails.
func (w *lastWords) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(b)
	for {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			w.keep(b)
			return n, nil
		}
		w.keep(b[:end])
		w.flush()
		b = b[end+1:]
	}
}

func (w *lastWords) keep(b []byte) {
	w.line = append(w.line, b[:min(len(b), maxLine-len(w.line))]...)
}

func (w *lastWords) flush() {
	line := string(w.line)
	w.line = w.line[:0]
	w.memory = w.memory || containsAny(line, "out of memory", "cannot allocate memory", "failed to allocate") // the last is a race build's
	w.stack = w.stack || containsAny(line, "stack exceeds", "stack overflow")
	if w.lines++; w.lines <= maxLines && line != "" {
		w.log.Warn("scripts.worker.stderr", "line", line)
	}
}

// reason returns why the worker died, as far as it said so.
func (w *lastWords) reason() (memory, stack bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.memory, w.stack
}

func containsAny(line string, phrases ...string) bool {
	return slices.ContainsFunc(phrases, func(phrase string) bool { return strings.Contains(line, phrase) })
}
