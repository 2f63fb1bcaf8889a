package hostapi

import (
	"cmp"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// LogConfig bounds what one invocation may log. Zero fields take their default.
type LogConfig struct {
	MaxEntries int // lines; default 200
	MaxMessage int // bytes of one line; default 2,000, as the original cuts them
	MaxBytes   int // bytes of all lines; default 64 KiB
}

func (c LogConfig) withDefaults() LogConfig {
	c.MaxEntries = cmp.Or(c.MaxEntries, 200)
	c.MaxMessage = cmp.Or(c.MaxMessage, 2000)
	c.MaxBytes = cmp.Or(c.MaxBytes, 64<<10)
	return c
}

// LogBook collects the lines of one invocation, up to its bounds: the first
// lines are kept, what comes later is counted out.
type LogBook struct {
	cfg       LogConfig
	mask      Mask
	entries   []invocation.LogEntry
	bytes     int
	truncated bool
}

// Add appends a line, cut to what still fits.
func (b *LogBook) Add(now time.Time, level slog.Level, message string) {
	room := min(b.cfg.MaxMessage, b.cfg.MaxBytes-b.bytes)
	if len(b.entries) >= b.cfg.MaxEntries || room <= 0 {
		b.truncated = true
		return
	}
	if len(message) > room {
		b.truncated = true
	}
	message = b.mask.Hide(message, room)
	b.bytes += len(message)
	b.entries = append(b.entries, invocation.LogEntry{Time: now.UTC(), Level: level, Message: message})
}

// full reports whether another line would be dropped, so that nobody needs to
// format it.
func (b *LogBook) full() bool {
	return len(b.entries) >= b.cfg.MaxEntries || b.bytes >= b.cfg.MaxBytes
}

// Entries returns the lines, oldest first.
func (b *LogBook) Entries() []invocation.LogEntry { return b.entries }

// Truncated reports whether lines are missing or cut.
func (b *LogBook) Truncated() bool { return b.truncated }

// cut returns at most n bytes of s and no half character. The copy lets go of
// the rest, which may be large.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.Clone(s[:n])
}
