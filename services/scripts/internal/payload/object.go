package payload

import (
	"slices"

	"github.com/dop251/goja"
)

// indexFrom is the number of members from which a map beats looking at each.
const indexFrom = 12

// member is one property: as it came (raw), as the script saw it (value), or
// both. A value that was assigned has no raw.
type member struct {
	key   string
	raw   []byte
	value goja.Value
}

// object is a JSON object that decodes its members when they are read. It
// implements goja.DynamicObject.
type object struct {
	doc     *Document
	shape   *Shape // nil for plain JSON
	raw     []byte
	members []member
	index   map[string]int        // only for many members
	split   bool                  // members is filled
	extra   map[string]goja.Value // added members that were read
	dropped map[string]bool       // added members that were deleted
}

func newObject(d *Document, raw []byte) *object { return &object{doc: d, raw: raw} }

// load finds the members in the raw bytes. Of a repeated key the last value
// counts, at the place of the first, as with JSON.parse.
func (o *object) load() {
	if o.split {
		return
	}
	o.split = true
	// Checked before, so it cannot fail.
	_, _ = scanMembers(o.raw, 0, 0, func(key, value []byte) {
		name := unquote(key)
		if at := o.find(name); at >= 0 {
			o.members[at].raw = value
			return
		}
		o.add(member{key: name, raw: value})
	})
}

// find returns the member's place, or -1.
func (o *object) find(key string) int {
	if o.index != nil {
		if at, ok := o.index[key]; ok {
			return at
		}
		return -1
	}
	for at := range o.members {
		if o.members[at].key == key {
			return at
		}
	}
	return -1
}

func (o *object) add(m member) {
	o.members = append(o.members, m)
	if o.index != nil {
		o.index[m.key] = len(o.members) - 1
	} else if len(o.members) == indexFrom {
		o.reindex()
	}
}

func (o *object) reindex() {
	o.index = make(map[string]int, 2*len(o.members))
	for at := range o.members {
		o.index[o.members[at].key] = at
	}
}

// Get returns a member, decoding it on first use; nil where there is none.
func (o *object) Get(key string) goja.Value {
	o.load()
	at := o.find(key)
	if at < 0 {
		return o.added(key)
	}
	m := &o.members[at]
	if m.value == nil {
		m.value = o.doc.shaped(m.raw, o.shape.member(key))
	}
	return m.value
}

// added makes a member that the shape has and the JSON has not.
func (o *object) added(key string) goja.Value {
	if !o.adds(key) {
		return nil
	}
	v, ok := o.extra[key]
	if !ok {
		v = o.doc.reader.Add(o.shape.AddedKind, key, o.raw)
		if o.extra == nil {
			o.extra = make(map[string]goja.Value, 2)
		}
		o.extra[key] = v
	}
	return v
}

func (o *object) adds(key string) bool {
	return o.shape != nil && !o.dropped[key] && slices.Contains(o.shape.Added, key)
}

// Set assigns a member.
func (o *object) Set(key string, value goja.Value) bool {
	o.load()
	if at := o.find(key); at >= 0 {
		o.members[at].raw, o.members[at].value = nil, value
		return true
	}
	o.add(member{key: key, value: value})
	return true
}

// Has reports whether there is such a member.
func (o *object) Has(key string) bool {
	o.load()
	return o.find(key) >= 0 || o.adds(key)
}

// Delete removes a member; removing none is fine too.
func (o *object) Delete(key string) bool {
	o.load()
	if o.adds(key) {
		if o.dropped == nil {
			o.dropped = make(map[string]bool, 1)
		}
		o.dropped[key] = true
	}
	at := o.find(key)
	if at < 0 {
		return true
	}
	o.members = append(o.members[:at], o.members[at+1:]...)
	if o.index != nil {
		o.reindex()
	}
	return true
}

// Keys returns the names of all members in order.
func (o *object) Keys() []string {
	o.load()
	keys := make([]string, len(o.members))
	for at := range o.members {
		keys[at] = o.members[at].key
	}
	return keys
}

// member returns the shape of a member; nil for plain JSON.
func (s *Shape) member(key string) *Shape {
	if s == nil {
		return nil
	}
	return s.Members[key]
}
