package envelope

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// writer appends one JSON object to a buffer. It allocates only when the
// buffer must grow.
type writer struct {
	buf     []byte
	started bool // a member has been written
}

func (w *writer) open() { w.buf = append(w.buf, '{') }

func (w *writer) close() []byte { return append(w.buf, '}') }

func (w *writer) comma() {
	if w.started {
		w.buf = append(w.buf, ',')
	}
	w.started = true
}

// key begins a member. name is one of ours and needs no escaping.
func (w *writer) key(name string) {
	w.comma()
	w.buf = append(append(append(w.buf, '"'), name...), '"', ':')
}

func (w *writer) text(name, value string) {
	if value != "" {
		w.key(name)
		w.buf = appendText(w.buf, value)
	}
}

func (w *writer) raw(name string, value []byte) {
	if len(value) != 0 {
		w.key(name)
		w.buf = append(w.buf, value...)
	}
}

// headers writes those that may be passed on, each name in one spelling and
// in a fixed order.
func (w *writer) headers(headers []Header) {
	var inner writer
	for _, name := range passedOn {
		for _, h := range headers {
			if len(h.Values) == 0 || !strings.EqualFold(h.Name, name) {
				continue
			}
			if !inner.started {
				w.key("headers")
				inner.buf = append(w.buf, '{')
			}
			inner.key(name)
			inner.list(h.Values)
			break // the same name again would be a second member
		}
	}
	if inner.started {
		w.buf = inner.close()
	}
}

// texts writes a member that is an object of strings, in the order of their
// names: the bytes are signed, and the same event is the same bytes.
func (w *writer) texts(key string, values map[string]string) {
	if len(values) == 0 {
		return
	}
	w.key(key)
	inner := writer{buf: w.buf}
	inner.open()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		inner.comma()
		inner.buf = appendText(append(appendText(inner.buf, name), ':'), values[name])
	}
	w.buf = inner.close()
}

func (w *writer) list(values []string) {
	w.buf = append(w.buf, '[')
	for i, value := range values {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.buf = appendText(w.buf, value)
	}
	w.buf = append(w.buf, ']')
}

// appendText appends s as a JSON string.
func appendText(dst []byte, s string) []byte {
	return append(appendEscaped(append(dst, '"'), s), '"')
}

const hex = "0123456789abcdef"

// appendEscaped appends the inside of a JSON string. Bytes that are not UTF-8
// become U+FFFD, as in encoding/json.
func appendEscaped(dst []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' {
				dst = appendControl(append(dst, s[start:i]...), c)
				start = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(append(dst, s[start:i]...), "\uFFFD"...)
			start = i + 1
		}
		i += size
	}
	return append(dst, s[start:]...)
}

func appendControl(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
	}
}
