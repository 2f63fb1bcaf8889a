package wirejson

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth bounds how deep arrays and objects may be nested.
const MaxDepth = 256

// scanner reads JSON strictly (RFC 8259): UTF-8 without a byte order mark, no
// lone surrogates, nothing behind the value.
type scanner struct {
	text  []byte
	at    int
	depth int
}

// next returns the byte at hand, 0 at the end.
func (s *scanner) next() byte {
	if s.at == len(s.text) {
		return 0
	}
	return s.text[s.at]
}

// take steps over c if it is at hand.
func (s *scanner) take(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// end reports what stands behind the value.
func (s *scanner) end() *Problem {
	s.space()
	if s.at < len(s.text) {
		return s.unexpected()
	}
	return nil
}

// value steps over a value.
func (s *scanner) value() *Problem {
	switch c := s.next(); {
	case c == '{':
		return s.object(func(name []byte) *Problem { return s.value().In(member(unquoted(name))) })
	case c == '[':
		return s.array(func(i int) *Problem { return s.value().In(element(i)) })
	case c == '"':
		_, p := s.str()
		return p
	case c == '-' || isDigit(c):
		return s.number()
	default:
		return s.literal()
	}
}

// object steps over an object; each is called where a member's value begins,
// with the name as it stands between the quotes, and steps over the value.
func (s *scanner) object(each func(name []byte) *Problem) *Problem {
	if p := s.enter(); p != nil {
		return p
	}
	defer s.leave()
	if s.space(); s.take('}') {
		return nil
	}
	for {
		s.space()
		if s.next() != '"' {
			return s.unexpected()
		}
		name, p := s.str()
		if p != nil {
			return p
		}
		if s.space(); !s.take(':') {
			return s.unexpected()
		}
		s.space()
		if p := each(name); p != nil {
			return p
		}
		if s.space(); s.take('}') {
			return nil
		}
		if !s.take(',') {
			return s.unexpected()
		}
	}
}

// array steps over an array; each is called where an element begins and steps
// over it.
func (s *scanner) array(each func(i int) *Problem) *Problem {
	if p := s.enter(); p != nil {
		return p
	}
	defer s.leave()
	if s.space(); s.take(']') {
		return nil
	}
	for i := 0; ; i++ {
		s.space()
		if p := each(i); p != nil {
			return p
		}
		if s.space(); s.take(']') {
			return nil
		}
		if !s.take(',') {
			return s.unexpected()
		}
	}
}

func (s *scanner) enter() *Problem {
	if s.depth++; s.depth > MaxDepth {
		return &Problem{Reason: fmt.Sprintf("nested more than %d deep", MaxDepth)}
	}
	s.at++
	return nil
}

func (s *scanner) leave() { s.depth-- }

// str steps over a string and returns what stands between its quotes.
func (s *scanner) str() ([]byte, *Problem) {
	s.at++
	start, ascii := s.at, true
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '"':
			inner := s.text[start:s.at]
			if !ascii && !utf8.Valid(inner) {
				return nil, &Problem{Reason: "holds a string that is not UTF-8"}
			}
			s.at++
			return inner, nil
		case c == '\\':
			if p := s.escape(); p != nil {
				return nil, p
			}
		case c < ' ':
			return nil, s.unexpected()
		default:
			ascii = ascii && c < utf8.RuneSelf
			s.at++
		}
	}
	return nil, s.unexpected()
}

// escape steps over an escape sequence: both halves of a surrogate pair.
func (s *scanner) escape() *Problem {
	if s.at+1 == len(s.text) {
		s.at++
		return s.unexpected()
	}
	if c := s.text[s.at+1]; c != 'u' {
		if bytes.IndexByte([]byte(`"\/bfnrt`), c) < 0 {
			return &Problem{Reason: "holds an invalid escape " + s.place()}
		}
		s.at += 2
		return nil
	}
	start := s.at
	first, ok := s.unit()
	if ok && utf16.IsSurrogate(first) {
		var second rune
		second, ok = s.unit()
		ok = ok && utf16.DecodeRune(first, second) != utf8.RuneError
	}
	if !ok {
		s.at = start
		return &Problem{Reason: "holds an invalid escape " + s.place()}
	}
	return nil
}

// unit steps over one \uXXXX.
func (s *scanner) unit() (rune, bool) {
	if s.at+6 > len(s.text) || s.text[s.at] != '\\' || s.text[s.at+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s.text[s.at+2:s.at+6]), 16, 16)
	if err != nil {
		return 0, false
	}
	s.at += 6
	return rune(n), true
}

func (s *scanner) number() *Problem {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return s.unexpected()
	}
	if s.take('.') && !s.digits() {
		return s.unexpected()
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		if !s.digits() {
			return s.unexpected()
		}
	}
	return s.boundary()
}

// boundary reports what sticks to a number or a word: "01", "trueish".
func (s *scanner) boundary() *Problem {
	switch s.next() {
	case 0, ' ', '\t', '\r', '\n', ',', ':', ']', '}':
		return nil
	default:
		return s.unexpected()
	}
}

// digits steps over digits and reports whether there were any.
func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.text) && isDigit(s.text[s.at]) {
		s.at++
	}
	return s.at > start
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (s *scanner) literal() *Problem {
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(s.text[s.at:], []byte(word)) {
			s.at += len(word)
			return s.boundary()
		}
	}
	return s.unexpected()
}

// isNull reports whether null is at hand.
func (s *scanner) isNull() bool { return s.next() == 'n' }

// unexpected words what is at hand.
func (s *scanner) unexpected() *Problem {
	if s.at >= len(s.text) {
		return &Problem{Reason: "ends too early, " + s.place()}
	}
	r, size := utf8.DecodeRune(s.text[s.at:])
	switch {
	case r == utf8.RuneError && size == 1:
		return &Problem{Reason: "not UTF-8 " + s.place()}
	case r == '\ufeff':
		return &Problem{Reason: "has a byte order mark " + s.place()}
	}
	return &Problem{Reason: fmt.Sprintf("unexpected %q %s", string(r), s.place())}
}

// place words where the scanner is, in lines and bytes from 1.
func (s *scanner) place() string {
	before := s.text[:s.at]
	line := bytes.Count(before, []byte("\n")) + 1
	return fmt.Sprintf("at line %d, column %d", line, len(before)-bytes.LastIndexByte(before, '\n'))
}

// unquoted returns what a string means that stands between its quotes.
func unquoted(inner []byte) string {
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	out := make([]byte, 0, len(inner))
	for i := 0; i < len(inner); i++ {
		if inner[i] != '\\' {
			out = append(out, inner[i])
			continue
		}
		i++
		switch c := inner[i]; c {
		case 'u':
			r := hex(inner[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				r = utf16.DecodeRune(r, hex(inner[i+3:]))
				i += 6
			}
			out = utf8.AppendRune(out, r)
		case 'b', 'f', 'n', 'r', 't':
			out = append(out, "\b\f\n\r\t"[bytes.IndexByte([]byte("bfnrt"), c)])
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

// hex reads four digits that the scanner has checked.
func hex(digits []byte) rune {
	n, _ := strconv.ParseUint(string(digits[:4]), 16, 16)
	return rune(n)
}
