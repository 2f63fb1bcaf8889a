// Package patch tells what changed of a JSON text, as a JSON Patch (RFC 6902).
// It is pure, and not cheap: a [Change] only remembers both texts and works the
// patch out when somebody reads it, which is after the caller has its answer.
package patch

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxText bounds, in bytes, both texts of a change together: records wait
	// in memory with them while the database is away.
	maxText = 32 << 10
	// maxPatch bounds the patch, in bytes.
	maxPatch = 16 << 10
	// maxDepth is how deep a patch points; what is below is replaced whole.
	maxDepth = 32
)

// Change is a JSON text before and after. In JSON it is its patch. It keeps
// the texts; they must not change.
type Change struct {
	before, after []byte
	known         json.RawMessage // where it was read from a record
}

// Of returns the change from before to after, nil where they are the same or
// too large to keep. Nothing before stands for null.
func Of(before, after []byte) *Change {
	if len(before)+len(after) > maxText || bytes.Equal(before, after) {
		return nil
	}
	return &Change{before: before, after: after}
}

// Patch returns the patch, nil where there is none to be had: the change is
// nil, a text is not JSON, or the patch is too large.
func (c *Change) Patch() []byte {
	if c == nil {
		return nil
	}
	if c.known != nil {
		return c.known
	}
	before := c.before
	if len(before) == 0 {
		before = []byte("null")
	}
	if !json.Valid(before) || !json.Valid(c.after) {
		return nil
	}
	d := differ{ops: []operation{}}
	d.diff(nil, before, c.after)
	text, err := json.Marshal(d.ops)
	if err != nil || len(text) > maxPatch {
		return nil
	}
	return text
}

// MarshalJSON returns the patch, null where there is none.
func (c *Change) MarshalJSON() ([]byte, error) {
	if text := c.Patch(); text != nil {
		return text, nil
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads the patch of a change whose texts are not kept.
func (c *Change) UnmarshalJSON(text []byte) error {
	*c = Change{known: bytes.Clone(text)}
	return nil
}

// operation is a step of a patch.
type operation struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value,omitempty"`
}

type differ struct{ ops []operation }

// diff adds what makes b of a, which stand at path.
func (d *differ) diff(path []string, a, b json.RawMessage) {
	a, b = bytes.TrimSpace(a), bytes.TrimSpace(b)
	switch {
	case bytes.Equal(a, b):
	case len(path) < maxDepth && a[0] == '{' && b[0] == '{':
		d.objects(path, decode[map[string]json.RawMessage](a), decode[map[string]json.RawMessage](b))
	case len(path) < maxDepth && a[0] == '[' && b[0] == '[':
		d.arrays(path, decode[[]json.RawMessage](a), decode[[]json.RawMessage](b))
	case !bytes.Equal(compact(a), compact(b)):
		d.add("replace", path, b)
	}
}

func (d *differ) objects(path []string, a, b map[string]json.RawMessage) {
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if value, ok := b[key]; ok {
			d.diff(append(path, key), a[key], value)
		} else {
			d.add("remove", append(path, key), nil)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[key]; !ok {
			d.add("add", append(path, key), b[key])
		}
	}
}

// arrays compares by position: what has no counterpart is at the end.
func (d *differ) arrays(path []string, a, b []json.RawMessage) {
	for i := range min(len(a), len(b)) {
		d.diff(append(path, strconv.Itoa(i)), a[i], b[i])
	}
	for i := len(a) - 1; i >= len(b); i-- {
		d.add("remove", append(path, strconv.Itoa(i)), nil)
	}
	for i := len(a); i < len(b); i++ {
		d.add("add", append(path, strconv.Itoa(i)), b[i])
	}
}

func (d *differ) add(op string, path []string, value json.RawMessage) {
	d.ops = append(d.ops, operation{op, pointer(path), compact(value)})
}

var escapes = strings.NewReplacer("~", "~0", "/", "~1")

// pointer is a JSON Pointer (RFC 6901).
func pointer(path []string) string {
	var b strings.Builder
	for _, part := range path {
		b.WriteByte('/')
		b.WriteString(escapes.Replace(part))
	}
	return b.String()
}

// decode reads what json.Valid has accepted; the rest of an error is what is
// left out.
func decode[T any](text []byte) T {
	var v T
	_ = json.Unmarshal(text, &v) // nothing of it can be wrong but depth, which is then absent on both sides
	return v
}

func compact(text []byte) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return nil
	}
	return b.Bytes()
}
