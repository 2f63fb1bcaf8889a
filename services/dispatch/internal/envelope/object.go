package envelope

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/proto/jsontext"
)

// CheckObject reports, as CodeInvalid and naming the field, a payload that is
// not one JSON object in UTF-8. An empty payload is none and passes.
func CheckObject(field string, payload []byte) error {
	payload = trim(payload)
	if len(payload) == 0 || jsontext.IsObject(payload) && utf8.Valid(payload) {
		return nil
	}
	return fault.Invalid("%s must be a JSON object", field)
}

// trim cuts off JSON's white space, which is less than Unicode's.
func trim(text []byte) []byte { return bytes.Trim(text, " \t\r\n") }

// members walks over the members of an object that jsontext.IsObject has accepted:
// keys with their quotes, values without the white space around them, both
// parts of object. Of text that is no object it yields something or nothing,
// but ends.
func members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		at := bytes.IndexByte(object, '{') + 1
		for {
			at = skip(object, at, " \t\r\n,")
			if at == len(object) || object[at] != '"' {
				return
			}
			key := object[at:stringEnd(object, at)]
			at = skip(object, at+len(key), " \t\r\n:")
			value := object[at:valueEnd(object, at)]
			at += len(value)
			if !yield(key, value) {
				return
			}
		}
	}
}

// skip returns the index of the first byte from at on that is not in set.
func skip(text []byte, at int, set string) int {
	for at < len(text) && strings.IndexByte(set, text[at]) >= 0 {
		at++
	}
	return at
}

// stringEnd returns the index behind the string that begins at at.
func stringEnd(text []byte, at int) int {
	for at++; at < len(text); at++ {
		switch text[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(text)
}

// valueEnd returns the index behind the value that begins at at. It counts
// brackets instead of recursing, for depth is the sender's choice.
func valueEnd(text []byte, at int) int {
	for depth := 0; at < len(text); {
		switch text[at] {
		case '"':
			at = stringEnd(text, at)
			if depth == 0 {
				return at
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return at
			}
			depth--
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return at
			}
		}
		at++
	}
	return len(text)
}

// keyIs compares a key in its quotes with a name.
func keyIs(key []byte, name string) bool {
	if plain(key) {
		return string(key[1:len(key)-1]) == name
	}
	return unquote(key) == name
}

// plain reports that what stands between the quotes is what the string says.
func plain(quoted []byte) bool {
	return len(quoted) >= 2 && bytes.IndexByte(quoted, '\\') < 0 && utf8.Valid(quoted)
}

// unquote returns what a JSON string says, "" for one that is broken.
func unquote(quoted []byte) string {
	if plain(quoted) {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return ""
	}
	return s
}
