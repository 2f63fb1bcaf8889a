package wirejson

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

const (
	// maxPath bounds in bytes what a Problem tells of the way to a field.
	maxPath = 200
	// maxName bounds in bytes what it quotes of a name that is not ours.
	maxName = 40
)

// Problem is what is wrong with a JSON text, and where. Its words are ours and
// stay what they are, unlike protojson's.
type Problem struct {
	// Path leads to the field by JSON names, e.g. "filters[2].targetName"; ""
	// is the text itself.
	Path string
	// Reason continues "this field ...".
	Reason string
}

// Error returns "path: reason".
func (p *Problem) Error() string {
	if p.Path == "" {
		return "invalid JSON: " + p.Reason
	}
	return p.Path + ": " + p.Reason
}

// In returns the problem as seen from a message that has the text in field.
func (p *Problem) In(field string) *Problem {
	switch {
	case p == nil || field == "":
		return p
	case p.Path == "":
		return &Problem{Path: field, Reason: p.Reason}
	case p.Path[0] == '[':
		return &Problem{Path: shortened(field+p.Path, maxPath), Reason: p.Reason}
	default:
		return &Problem{Path: shortened(field+"."+p.Path, maxPath), Reason: p.Reason}
	}
}

// err returns p as an error: nil for a nil p.
func (p *Problem) err() error {
	if p == nil {
		return nil
	}
	return p
}

// element is the path of an array's element.
func element(i int) string { return "[" + strconv.Itoa(i) + "]" }

// key is the path of a map's value.
func key(name string) string { return fmt.Sprintf("[%q]", shortened(name, maxName)) }

// member is the path of an object's member that no descriptor names.
func member(name string) string {
	if len(name) == 0 || len(name) > maxName {
		return key(name)
	}
	for _, c := range []byte(name) {
		if c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return key(name)
		}
	}
	return name
}

// shortened cuts text to limit bytes, between two characters.
func shortened(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit] + "..."
}
