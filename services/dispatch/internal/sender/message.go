package sender

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// joinLimit is the largest body, in bytes, that is copied behind the head so
// that both leave in one packet; above it the copy costs more than a vector.
const joinLimit = 32 << 10

// maxRequestHead bounds the head of a request, in bytes; few servers take as
// much.
const maxRequestHead = 64 << 10

// errNothingWritten is a write that failed before its first byte: the target
// cannot have seen anything of the request.
var errNothingWritten = errors.New("nothing was written")

// message is a request as it goes over the wire.
type message struct {
	head []byte // and the body, if that is short
	rest []byte // the body, if it is long
}

// encode fills the message from a request.
func (m *message) encode(e endpoint, req *Request) error {
	for _, f := range req.Header {
		if err := checkField(f); err != nil {
			return err
		}
	}
	m.rest = nil
	m.head = appendHead(m.head[:0], e, req)
	m.head = append(m.head, "\r\n"...)
	if len(m.head) > maxRequestHead {
		return fmt.Errorf("the request's head is larger than %d bytes: %w", maxRequestHead, errInvalid)
	}
	if len(req.Body) <= joinLimit {
		m.head = append(m.head, req.Body...)
	} else {
		m.rest = req.Body
	}
	return nil
}

// writeTo sends the message. It returns [errNothingWritten] with the cause if
// not one byte was taken.
func (m *message) writeTo(c *connection) error {
	n, err := c.Write(m.head)
	if err != nil && n == 0 {
		return fmt.Errorf("%w: %w", errNothingWritten, err)
	}
	if err != nil || m.rest == nil {
		return err
	}
	_, err = c.Write(m.rest)
	return err
}

func appendHead(b []byte, e endpoint, req *Request) []byte {
	b = append(append(b, "POST "...), e.target...)
	b = append(append(b, " HTTP/1.1\r\nHost: "...), e.authority...)
	b = append(b, "\r\n"...)
	if !has(req.Header, "User-Agent") {
		b = append(b, "User-Agent: Actionplane\r\n"...)
	}
	if !has(req.Header, "Content-Type") {
		b = append(b, "Content-Type: application/json\r\n"...)
	}
	if e.basicAuth != "" && !has(req.Header, "Authorization") {
		b = append(append(append(b, "Authorization: Basic "...), e.basicAuth...), "\r\n"...)
	}
	b = strconv.AppendInt(append(b, "Content-Length: "...), int64(len(req.Body)), 10)
	b = append(b, "\r\n"...)
	for _, f := range req.Header {
		b = append(append(append(append(b, f.Name...), ": "...), f.Value...), "\r\n"...)
	}
	return b
}

func has(fields []Field, name string) bool {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

// checkField refuses what would break out of its line or change how the
// message is framed.
func checkField(f Field) error {
	if !isToken(f.Name) || framing(f.Name) {
		return fmt.Errorf("header field %q is not for callers: %w", f.Name, errInvalid)
	}
	if hasControl(f.Value) {
		return fmt.Errorf("header field %q has a control character: %w", f.Name, errInvalid)
	}
	return nil
}

// framing reports whether a header belongs to the connection or the framing.
func framing(name string) bool {
	for _, ours := range framingNames {
		if len(ours) == len(name) && strings.EqualFold(ours, name) {
			return true
		}
	}
	return false
}

var framingNames = [...]string{
	"host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer",
	"upgrade", "expect", "proxy-connection", "proxy-authorization",
}

// isToken reports whether s is a token of RFC 9110, section 5.6.2.
func isToken[T string | []byte](s T) bool {
	for i := range len(s) {
		c := s[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' {
			continue
		}
		if strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return len(s) > 0
}
