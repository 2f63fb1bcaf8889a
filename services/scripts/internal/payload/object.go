package payload

import "github.com/dop251/goja"

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
	raw     []byte
	members []member
	index   map[string]int // only for many members
	split   bool           // members is filled
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
		return nil
	}
	m := &o.members[at]
	if m.value == nil {
		m.value = o.doc.value(m.raw)
	}
	return m.value
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
	return o.find(key) >= 0
}

// Delete removes a member; removing none is fine too.
func (o *object) Delete(key string) bool {
	o.load()
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
