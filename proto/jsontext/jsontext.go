// Package jsontext tells what is JSON: for the SDK, which knows the contracts
// alone, and for the services, which take what it publishes.
//
// It says what encoding/json says, whose scanner calls a function for every byte
// of a text: that takes two to ten times as long, and was a twelfth of the CPU
// time of an event on its way from publisher to target, which is looked at twice.
package jsontext

import (
	"encoding/binary"
	"math/bits"
)

// maxDepth is how deep arrays and objects may be nested, as in encoding/json.
const maxDepth = 10_000

// Valid reports whether text is one JSON value (RFC 8259). Like encoding/json it
// takes strings that are not UTF-8, halves of surrogate pairs, and a name that an
// object has twice.
func Valid(text []byte) bool {
	s := scanner{text: text}
	s.space()
	if !s.value(maxDepth) {
		return false
	}
	s.space()
	return s.at == len(text)
}

// IsObject is Valid for objects. There is nothing before the first brace.
func IsObject(text []byte) bool { return len(text) > 0 && text[0] == '{' && Valid(text) }

// scanner reads a text. What steps over something reports whether it was there.
type scanner struct {
	text []byte
	at   int
}

// next returns the byte at hand, 0 at the end, which is valid nowhere.
func (s *scanner) next() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) take(c byte) bool {
	if s.next() != c {
		return false
	}
	s.at++
	return true
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

// value steps over a value of at most that depth.
func (s *scanner) value(depth int) bool {
	switch c := s.next(); c {
	case '"':
		return s.str()
	case '{':
		return depth > 0 && s.object(depth-1)
	case '[':
		return depth > 0 && s.array(depth-1)
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		return s.number()
	}
}

func (s *scanner) object(depth int) bool {
	s.at++
	if s.space(); s.take('}') {
		return true
	}
	for {
		if s.space(); s.next() != '"' || !s.str() {
			return false
		}
		if s.space(); !s.take(':') {
			return false
		}
		if s.space(); !s.value(depth) {
			return false
		}
		if s.space(); !s.take(',') {
			return s.take('}')
		}
	}
}

func (s *scanner) array(depth int) bool {
	s.at++
	if s.space(); s.take(']') {
		return true
	}
	for {
		if s.space(); !s.value(depth) {
			return false
		}
		if s.space(); !s.take(',') {
			return s.take(']')
		}
	}
}

// str steps over a string.
func (s *scanner) str() bool {
	s.at++
	for {
		s.plain()
		switch s.next() {
		case '"':
			s.at++
			return true
		case '\\':
			if !s.escape() {
				return false
			}
		default: // a control character, or the end
			return false
		}
	}
}

// One bit, and all bits but that, of each of eight bytes.
const (
	lowest  = 0x0101010101010101
	highest = 0x8080808080808080
)

// plain steps over what of a string is neither its end, nor an escape, nor a
// control character: eight bytes at a time. A byte minus n has its highest bit,
// which it had not, where it is less than n; the first one that is found is
// right, only those above it may have been borrowed from.
func (s *scanner) plain() {
	for ; len(s.text)-s.at >= 8; s.at += 8 {
		b := binary.LittleEndian.Uint64(s.text[s.at:])
		quote, backslash := b^lowest*'"', b^lowest*'\\'
		found := ((b-lowest*' ')&^b | (quote-lowest)&^quote | (backslash-lowest)&^backslash) & highest
		if found != 0 {
			s.at += bits.TrailingZeros64(found) / 8
			return
		}
	}
	for s.at < len(s.text) && s.text[s.at] >= ' ' && s.text[s.at] != '"' && s.text[s.at] != '\\' {
		s.at++
	}
}

// escape steps over an escape sequence.
func (s *scanner) escape() bool {
	s.at++
	switch s.next() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.at++
		return true
	case 'u':
		s.at++
		return s.hex(4)
	default:
		return false
	}
}

// hex steps over n hexadecimal digits.
func (s *scanner) hex(n int) bool {
	for range n {
		c := s.next()
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
		s.at++
	}
	return true
}

func (s *scanner) number() bool {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return false
	}
	if s.take('.') && !s.digits() {
		return false
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		return s.digits()
	}
	return true
}

// digits steps over digits and reports whether there were any.
func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > start
}

func (s *scanner) word(word string) bool {
	if len(s.text)-s.at < len(word) || string(s.text[s.at:s.at+len(word)]) != word {
		return false
	}
	s.at += len(word)
	return true
}
