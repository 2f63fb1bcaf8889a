// Package shown turns JSON documents into what people may see of them: without
// secrets, and as the difference between two.
package shown

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
)

const redacted = `"[redacted]"`

// secretNames are parts of member names whose values nobody is shown, lower
// case and without separators.
var secretNames = []string{"password", "passwd", "secret", "token", "apikey", "privatekey", "signingkey", "credential", "authorization", "cookie"}

// Redact returns a JSON document without what looks like a secret by its name,
// without the passwords of URLs, and without what paths name: dotted, "*" for any
// member or element. Anything else keeps its bytes, but for white space. What is not JSON is not shown at
// all.
func Redact(doc []byte, paths []string) []byte {
	if len(doc) == 0 {
		return nil
	}
	split := make([][]string, len(paths))
	for i, p := range paths {
		split[i] = strings.Split(p, ".")
	}
	out, ok := walk(doc, split)
	if !ok {
		return []byte(redacted)
	}
	return out
}

// walk returns doc with what is secret in it replaced. paths begin at doc.
func walk(doc []byte, paths [][]string) ([]byte, bool) {
	doc = bytes.TrimSpace(doc)
	if len(doc) == 0 || !json.Valid(doc) {
		return nil, false
	}
	switch doc[0] {
	case '{':
		return walkObject(doc, paths)
	case '[':
		return walkArray(doc, paths)
	case '"':
		return withoutPassword(doc), true
	}
	return doc, true
}

// withoutPassword returns a JSON string without the password that it has where
// it is a URL.
func withoutPassword(doc []byte) []byte {
	var text string
	if !bytes.Contains(doc, []byte("@")) || json.Unmarshal(doc, &text) != nil || !strings.Contains(text, "://") {
		return doc
	}
	u, err := url.Parse(text)
	if err != nil {
		return []byte(redacted) // whatever it is, it looks like one with a user
	}
	if _, ok := u.User.Password(); !ok {
		return doc
	}
	shown, err := json.Marshal(u.Redacted())
	if err != nil {
		return []byte(redacted)
	}
	return shown
}

func walkObject(doc []byte, paths [][]string) ([]byte, bool) {
	in := json.NewDecoder(bytes.NewReader(doc))
	if _, err := in.Token(); err != nil {
		return nil, false
	}
	out := []byte{'{'}
	for in.More() {
		key, err := in.Token()
		name, isName := key.(string)
		if err != nil || !isName {
			return nil, false
		}
		var value json.RawMessage
		if in.Decode(&value) != nil {
			return nil, false
		}
		shown, ok := member(name, value, paths)
		if !ok {
			return nil, false
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		quoted, _ := json.Marshal(name)
		out = append(append(append(out, quoted...), ':'), shown...)
	}
	return append(out, '}'), true
}

// member returns the value of a member for people.
func member(name string, value []byte, paths [][]string) ([]byte, bool) {
	below, hit := descend(name, paths)
	if hit || secretName(name) && !empty(value) {
		return []byte(redacted), true
	}
	return walk(value, below)
}

func walkArray(doc []byte, paths [][]string) ([]byte, bool) {
	var values []json.RawMessage
	if json.Unmarshal(doc, &values) != nil {
		return nil, false
	}
	below, hit := descend("*", paths)
	out := []byte{'['}
	for i, value := range values {
		shown, ok := []byte(redacted), true
		if !hit {
			shown, ok = walk(value, below)
		}
		if !ok {
			return nil, false
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, shown...)
	}
	return append(out, ']'), true
}

// descend returns what is left of paths below a member, and whether one ends
// there.
func descend(name string, paths [][]string) (below [][]string, hit bool) {
	for _, p := range paths {
		if p[0] != name && p[0] != "*" {
			continue
		}
		if len(p) == 1 {
			return nil, true
		}
		below = append(below, p[1:])
	}
	return below, false
}

// secretName reports whether what is called so may be a secret. When something
// expires is none, whatever it is.
func secretName(name string) bool {
	if strings.HasPrefix(strings.ToLower(name), "expir") {
		return false
	}
	folded := strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "").Replace(name))
	for _, part := range secretNames {
		if strings.Contains(folded, part) {
			return true
		}
	}
	return false
}

// empty reports whether a value cannot be a secret: nothing, or a flag about
// one.
func empty(value []byte) bool {
	value = bytes.TrimSpace(value)
	return len(value) == 0 || string(value) == `""` || strings.IndexByte("tfn", value[0]) >= 0
}
