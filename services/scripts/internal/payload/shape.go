package payload

import "github.com/dop251/goja"

// Kind names a way of reading or making members that is not JSON's; a Reader
// knows what it means. Zero is none.
type Kind uint8

// Shape says which values of a document are something else to the script than
// their JSON. Shapes are never written to: documents share them.
type Shape struct {
	// Kind is how the value itself is read; zero for as JSON.
	Kind Kind
	// Members are the shapes of an object's members.
	Members map[string]*Shape
	// Elements is the shape of an array's elements.
	Elements *Shape
	// Added are members that an object has beside those of the JSON, made by
	// the Reader when they are read. They are not listed.
	Added []string
	// AddedKind tells the Reader what object it adds to.
	AddedKind Kind
}

// Reader makes what a Shape promises. It may return nil for nothing.
type Reader interface {
	// Read returns a value of the kind.
	Read(kind Kind, raw []byte) goja.Value
	// Add returns a member of an object of the kind, whose JSON is object.
	Add(kind Kind, name string, object []byte) goja.Value
}

// DecodeAs is Decode for a document of a shape.
func (d *Document) DecodeAs(raw []byte, shape *Shape, reader Reader) (goja.Value, error) {
	value, err := scanDocument(raw)
	if err != nil {
		return nil, err
	}
	d.reader = reader
	return d.shaped(value, shape), nil
}

// Shaped returns raw, which is part of a checked document, by its shape.
func (d *Document) Shaped(raw []byte, shape *Shape) goja.Value { return d.shaped(raw, shape) }

func (d *Document) shaped(raw []byte, shape *Shape) goja.Value {
	if shape == nil {
		return d.value(raw)
	}
	if shape.Kind != 0 {
		if v := d.reader.Read(shape.Kind, raw); v != nil {
			return v
		}
	}
	switch raw[0] {
	case '{':
		o := newObject(d, raw)
		o.shape = shape
		return d.vm.NewDynamicObject(o)
	case '[':
		return d.array(raw, shape.Elements)
	}
	return d.value(raw)
}

// Text returns the text of raw and whether raw is a JSON string. It must be
// checked JSON.
func Text(raw []byte) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	return unquote(raw), true
}

// Member returns the raw value of a member of raw, the last one where it is
// repeated; nil where raw is no object or has none.
func Member(raw []byte, name string) []byte { return lookup(raw, name) }

// Valid reports whether raw is JSON that Decode takes, and returns it without
// the white space around it.
func Valid(raw []byte) ([]byte, bool) {
	value, err := scanDocument(raw)
	return value, err == nil
}

// Count returns the number of elements of raw, a JSON array.
func Count(raw []byte) int {
	n := 0
	_, _ = scanElements(raw, 0, 0, func([]byte) { n++ })
	return n
}
