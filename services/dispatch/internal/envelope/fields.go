package envelope

// fields are the members of an object that is being merged: each key once, in
// the order of first appearance, with the value that came last.
type fields struct {
	members []member
	at      map[string]int // by what the key says, not by how it is escaped
}

// member is a part of the text of an object.
type member struct{ key, value []byte }

func (f *fields) add(object []byte) {
	for key, value := range members(object) {
		name := unquote(key)
		if i, ok := f.at[name]; ok {
			f.members[i].value = value
			continue
		}
		f.at[name] = len(f.members)
		f.members = append(f.members, member{key, value})
	}
}

// object writes the members into a new buffer of the given capacity.
func (f *fields) object(capacity int) []byte {
	w := writer{buf: make([]byte, 0, capacity)}
	w.open()
	for _, m := range f.members {
		w.comma()
		w.buf = append(append(append(w.buf, m.key...), ':'), m.value...)
	}
	return w.close()
}
