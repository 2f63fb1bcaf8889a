package sender

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"
)

// maxInterim is how many 1xx answers may come before the real one; net/http
// tolerates as many.
const maxInterim = 5

// unframed is the length of a body that ends with the connection.
const unframed = -1

// answerHead is what we need to know of a status line and headers.
type answerHead struct {
	status          int
	length          int64 // of the body in bytes, or unframed
	chunked         bool
	old             bool          // HTTP/1.0
	close           bool          // the target will close the connection
	keepAlive       time.Duration // how long the target keeps it; zero if not said
	contentType     string
	contentEncoding string
	retryAfter      string
}

// bodiless reports whether the status excludes a body (RFC 9112, 6.3).
func (h answerHead) bodiless() bool { return h.status == 204 || h.status == 304 }

// persistent reports whether the connection may serve again.
func (h answerHead) persistent() bool {
	framed := h.bodiless() || h.chunked || h.length != unframed
	return framed && !h.close && !h.old
}

// readHead reads the final answer's head, skipping interim ones, of at most
// limit bytes. It is strict where leniency lets two readers of one stream
// disagree (folded lines, contradicting lengths, unknown transfer encodings).
func readHead(r *bufio.Reader, limit int) (answerHead, error) {
	lines := lineReader{r: r, budget: limit}
	for range maxInterim + 1 {
		h, err := lines.head()
		if err != nil || h.status >= 200 {
			return h, err
		}
		if h.status == 101 {
			return h, malformedError("protocol switched unasked")
		}
	}
	return answerHead{}, malformedError("too many interim answers")
}

// lineReader reads lines within a budget of bytes.
type lineReader struct {
	r      *bufio.Reader
	budget int
	bare   bool   // the last line ended without a carriage return
	long   []byte // a line that did not fit into the reader's buffer
}

func (l *lineReader) head() (answerHead, error) {
	h := answerHead{length: unframed}
	line, err := l.next()
	if err != nil {
		return h, err
	}
	if err := h.parseStatus(line); err != nil {
		return h, err
	}
	for {
		if line, err = l.next(); err != nil {
			return h, err
		}
		if len(line) == 0 {
			return h, h.settle()
		}
		if err := h.parseField(line); err != nil {
			return h, err
		}
	}
}

// next returns a line without its end; it is valid until the next call.
func (l *lineReader) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	l.budget -= len(line)
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.rest(line)
	}
	if l.budget < 0 {
		return nil, errHeadLimit
	}
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	line, found := bytes.CutSuffix(line[:len(line)-1], []byte("\r"))
	l.bare = !found
	return line, nil
}

// rest gathers a line longer than the reader's buffer.
func (l *lineReader) rest(line []byte) ([]byte, error) {
	l.long = append(l.long[:0], line...)
	for l.budget >= 0 {
		more, err := l.r.ReadSlice('\n')
		l.budget -= len(more)
		l.long = append(l.long, more...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, err
		}
	}
	return nil, errHeadLimit
}

// parseStatus reads e.g. "HTTP/1.1 200 OK".
func (h *answerHead) parseStatus(line []byte) error {
	version, rest, ok := bytes.Cut(line, []byte(" "))
	if !ok || len(version) != len("HTTP/1.1") || string(version[:7]) != "HTTP/1." || version[7] != '0' && version[7] != '1' {
		return malformedError("no HTTP/1 status line")
	}
	h.old = version[7] == '0'
	code, _, _ := bytes.Cut(rest, []byte(" "))
	status, ok := digits(code)
	if !ok || len(code) != 3 || status < 100 {
		return malformedError("no status code")
	}
	h.status = int(status)
	return nil
}

// splitField takes a header line apart.
func splitField(line []byte) (name, value []byte, err error) {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok || !isToken(name) {
		return nil, nil, malformedError("header line without a name")
	}
	if hasControl(value) {
		return nil, nil, malformedError("control character in a header")
	}
	return name, bytes.Trim(value, " \t"), nil
}

func (h *answerHead) parseField(line []byte) error {
	name, value, err := splitField(line)
	if err != nil {
		return err
	}
	switch {
	case is(name, "Content-Length"):
		return h.setLength(value)
	case is(name, "Transfer-Encoding"):
		return h.setEncoding(value)
	case is(name, "Connection"):
		h.close = h.close || hasToken(value, "close")
	case is(name, "Keep-Alive"):
		h.keepAlive = keepAliveTimeout(value)
	case is(name, "Content-Type"):
		h.contentType = text(value)
	case is(name, "Content-Encoding"):
		h.contentEncoding = text(value)
	case is(name, "Retry-After"):
		h.retryAfter = text(value)
	}
	return nil
}

func (h *answerHead) setLength(value []byte) error {
	n, ok := digits(value)
	if !ok || h.length != unframed && h.length != n {
		return malformedError("Content-Length")
	}
	h.length = n
	return nil
}

func (h *answerHead) setEncoding(value []byte) error {
	if h.chunked || !is(value, "chunked") {
		return malformedError("Transfer-Encoding")
	}
	h.chunked = true
	return nil
}

// settle decides what the fields mean together: chunked outweighs a length, but
// who sends both is not to be trusted with the connection (RFC 9112, 6.1).
func (h *answerHead) settle() error {
	if h.chunked && h.old {
		return malformedError("Transfer-Encoding in HTTP/1.0")
	}
	if h.chunked && h.length != unframed {
		h.close, h.length = true, unframed
	}
	return nil
}

// digits reads an unsigned decimal of up to 18 digits, which fits an int64.
func digits(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

func is(name []byte, want string) bool {
	return len(name) == len(want) && bytes.EqualFold(name, []byte(want))
}

func hasToken(list []byte, want string) bool {
	for token := range bytes.SplitSeq(list, []byte(",")) {
		if is(bytes.Trim(token, " \t"), want) {
			return true
		}
	}
	return false
}

// keepAliveTimeout reads "timeout=5, max=100", which Node and Apache send.
func keepAliveTimeout(value []byte) time.Duration {
	for part := range bytes.SplitSeq(value, []byte(",")) {
		seconds, ok := bytes.CutPrefix(bytes.Trim(part, " \t"), []byte("timeout="))
		if !ok {
			continue
		}
		if n, err := strconv.ParseUint(string(seconds), 10, 24); err == nil {
			return time.Duration(n) * time.Second
		}
	}
	return 0
}

// hasControl reports whether a field value has a control character other than
// the tab.
func hasControl[T string | []byte](value T) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return true
		}
	}
	return false
}

// text copies a header value that goes into records and logs; one with
// anything but printable ASCII is dropped, since not every store takes it.
func text(value []byte) string {
	for _, c := range value {
		if c < ' ' || c > '~' {
			return ""
		}
	}
	if string(value) == "application/json" {
		return "application/json" // the usual one costs no allocation
	}
	return string(value)
}
