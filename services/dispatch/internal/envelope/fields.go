package envelope

// fields are the members of an object that is being merged: each key once, in
// the order of first appearance, with the value that came last.
type fields struct {
	members []member
	at      map[string]int // by what the key says, not by how it is escaped
	objects int            // that were added
}

// member is a part of the text of an object.
type member struct {
	key, value []byte
	by         int // which of the objects that were added it is of, from 1
}

// add overlays object. It reports that object names every member there is, each
// once: then it says the same as all of them.
func (f *fields) add(object []byte) (same bool) {
	f.objects++
	named, distinct := 0, 0
	for key, value := range members(object) {
		named++
		name := unquote(key)
		i, ok := f.at[name]
		if !ok {
			i = len(f.members)
			f.at[name] = i
			f.members = append(f.members, member{key: key})
		}
		if f.members[i].by != f.objects {
			distinct++
		}
		f.members[i].value, f.members[i].by = value, f.objects
	}
	return distinct == len(f.members) && named == distinct
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
