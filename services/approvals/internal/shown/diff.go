package shown

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Change is a member that differs between two documents.
type Change struct {
	Path          string // JSON Pointer
	Op            string // "add", "remove", "replace"
	Before, After []byte
}

// maxChanges bounds a difference.
const maxChanges = 1000

// Diff returns what differs between two JSON documents, by path. Objects are
// compared member by member, everything else as a whole. Where only one of
// them is there, it was added or removed.
func Diff(before, after []byte) []Change {
	var out []Change
	diff("", bytes.TrimSpace(before), bytes.TrimSpace(after), &out)
	return out[:min(len(out), maxChanges)]
}

func diff(path string, before, after []byte, out *[]Change) {
	a, b := members(before), members(after)
	switch {
	case same(before, after):
	case a != nil && b != nil:
		names := slices.Sorted(maps.Keys(a))
		for name := range b {
			if _, both := a[name]; !both {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			diff(path+"/"+escape(name), a[name], b[name], out)
		}
	case len(before) == 0:
		*out = append(*out, Change{Path: path, Op: "add", After: after})
	case len(after) == 0:
		*out = append(*out, Change{Path: path, Op: "remove", Before: before})
	default:
		*out = append(*out, Change{Path: path, Op: "replace", Before: before, After: after})
	}
}

// members returns those of an object; nil where doc is none.
func members(doc []byte) map[string]json.RawMessage {
	if len(doc) == 0 || doc[0] != '{' {
		return nil
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(doc, &m) != nil {
		return nil
	}
	return m
}

// same compares what the bytes mean as far as white space goes.
func same(a, b []byte) bool {
	var x, y bytes.Buffer
	if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
		return bytes.Equal(a, b)
	}
	return bytes.Equal(x.Bytes(), y.Bytes())
}

func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
