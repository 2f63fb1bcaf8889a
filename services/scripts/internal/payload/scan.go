package payload

import (
	"errors"
	"fmt"
)

// maxDepth is how deeply JSON may nest: encoding/json's own limit is 10,000;
// no message of ours comes near 1,000, and the scanner recurses.
const maxDepth = 1000

// errDepth is JSON that nests deeper than maxDepth.
var errDepth = errors.New("json nests too deeply")

// syntaxError says at which byte the JSON stops being JSON.
func syntaxError(at int) error { return fmt.Errorf("invalid json at byte %d", at) }

// skipSpace returns the index of the first byte at or after i that is not
// JSON white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// scanDocument checks that b is one JSON value and nothing else, and returns
// it without the white space around it.
func scanDocument(b []byte) ([]byte, error) {
	start := skipSpace(b, 0)
	end, err := scanValue(b, start, 0)
	if err != nil {
		return nil, err
	}
	if rest := skipSpace(b, end); rest != len(b) {
		return nil, syntaxError(rest)
	}
	return b[start:end], nil
}

// scanValue checks the value that starts at i and returns the index behind it.
func scanValue(b []byte, i, depth int) (int, error) {
	if i >= len(b) {
		return i, syntaxError(i)
	}
	switch c := b[i]; {
	case c == '"':
		return scanString(b, i)
	case c == '{':
		return scanMembers(b, i, depth, nil)
	case c == '[':
		return scanElements(b, i, depth, nil)
	case c == '-' || '0' <= c && c <= '9':
		return scanNumber(b, i)
	case c == 't':
		return scanWord(b, i, "true")
	case c == 'f':
		return scanWord(b, i, "false")
	case c == 'n':
		return scanWord(b, i, "null")
	}
	return i, syntaxError(i)
}

func scanWord(b []byte, i int, word string) (int, error) {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return i, syntaxError(i)
	}
	return i + len(word), nil
}

// scanString checks the string literal that starts at i.
func scanString(b []byte, i int) (int, error) {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c == '\\':
			end, err := scanEscape(b, i)
			if err != nil {
				return i, err
			}
			i = end - 1
		case c < ' ':
			return i, syntaxError(i)
		}
	}
	return i, syntaxError(i)
}

// scanEscape checks the escape sequence whose backslash is at i.
func scanEscape(b []byte, i int) (int, error) {
	if i+1 >= len(b) {
		return i, syntaxError(i)
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, nil
	case 'u':
		if len(b)-i < 6 {
			return i, syntaxError(i)
		}
		for _, c := range b[i+2 : i+6] {
			if !isHex(c) {
				return i, syntaxError(i)
			}
		}
		return i + 6, nil
	}
	return i, syntaxError(i)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// scanNumber checks the number that starts at i.
func scanNumber(b []byte, i int) (int, error) {
	if b[i] == '-' {
		i++
	}
	start := i
	i = scanDigits(b, i)
	if i == start || b[start] == '0' && i-start > 1 {
		return i, syntaxError(start)
	}
	if i < len(b) && b[i] == '.' {
		fraction := i + 1
		if i = scanDigits(b, fraction); i == fraction {
			return i, syntaxError(i)
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		exponent := i
		if i = scanDigits(b, exponent); i == exponent {
			return i, syntaxError(i)
		}
	}
	return i, nil
}

func scanDigits(b []byte, i int) int {
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return i
}

// scanMembers checks the object that starts at i and hands each member's key
// literal and value to found, when there is one.
func scanMembers(b []byte, i, depth int, found func(key, value []byte)) (int, error) {
	if depth >= maxDepth {
		return i, errDepth
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1, nil
	}
	for i < len(b) && b[i] == '"' {
		keyEnd, err := scanString(b, i)
		if err != nil {
			return i, err
		}
		colon := skipSpace(b, keyEnd)
		if colon >= len(b) || b[colon] != ':' {
			return i, syntaxError(colon)
		}
		start := skipSpace(b, colon+1)
		end, err := scanValue(b, start, depth+1)
		if err != nil {
			return i, err
		}
		if found != nil {
			found(b[i:keyEnd], b[start:end])
		}
		next, done, err := scanSeparator(b, end, '}')
		if err != nil || done {
			return next, err
		}
		i = next
	}
	return i, syntaxError(i)
}

// scanElements checks the array that starts at i and hands each element to
// found, when there is one.
func scanElements(b []byte, i, depth int, found func(value []byte)) (int, error) {
	if depth >= maxDepth {
		return i, errDepth
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == ']' {
		return i + 1, nil
	}
	for {
		end, err := scanValue(b, i, depth+1)
		if err != nil {
			return i, err
		}
		if found != nil {
			found(b[i:end])
		}
		next, done, err := scanSeparator(b, end, ']')
		if err != nil || done {
			return next, err
		}
		i = next
	}
}

// scanSeparator reads what follows a member or element: a comma, after which
// the next one starts at the returned index, or the closing bracket.
func scanSeparator(b []byte, i int, closing byte) (next int, done bool, err error) {
	i = skipSpace(b, i)
	switch {
	case i >= len(b):
		return i, false, syntaxError(i)
	case b[i] == closing:
		return i + 1, true, nil
	case b[i] == ',':
		return skipSpace(b, i+1), false, nil
	}
	return i, false, syntaxError(i)
}
