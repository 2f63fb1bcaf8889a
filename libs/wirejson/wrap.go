package wirejson

import (
	"encoding/base64"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// wrapRaw returns text with every raw value replaced by its base64 string, so
// that protojson reads it into bytes. All else stays as it stands, so that
// protojson sees what the sender wrote.
func wrapRaw(text []byte, d protoreflect.MessageDescriptor) ([]byte, *Problem) {
	w := wrapper{scanner: scanner{text: text}}
	w.space()
	if p := w.message(d); p != nil {
		return nil, p
	}
	if p := w.end(); p != nil {
		return nil, p
	}
	if w.copied == 0 {
		return text, nil
	}
	return append(w.out, text[w.copied:]...), nil
}

type wrapper struct {
	scanner
	out    []byte
	copied int // so much of text is in out
}

func (w *wrapper) message(d protoreflect.MessageDescriptor) *Problem {
	if w.next() != '{' {
		return w.value() // null, or what protojson refuses
	}
	return w.object(func(name []byte) *Problem {
		f := fieldOf(d, unquoted(name))
		if f == nil {
			return w.value().In(member(unquoted(name)))
		}
		return w.field(f).In(f.JSONName())
	})
}

func fieldOf(d protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if f := d.Fields().ByJSONName(name); f != nil {
		return f
	}
	return d.Fields().ByName(protoreflect.Name(name))
}

func (w *wrapper) field(f protoreflect.FieldDescriptor) *Problem {
	m := messageOf(f)
	switch {
	case isRaw(f):
		return w.raw()
	case m == nil || !hasRaw(m):
		return w.value()
	case f.IsMap() && w.next() == '{':
		return w.object(func(name []byte) *Problem { return w.message(m).In(key(unquoted(name))) })
	case f.IsList() && w.next() == '[':
		return w.array(func(i int) *Problem { return w.message(m).In(element(i)) })
	case f.IsMap() || f.IsList():
		return w.value()
	default:
		return w.message(m)
	}
}

// raw replaces the value at hand; null leaves the field empty.
func (w *wrapper) raw() *Problem {
	start := w.at
	if p := w.value(); p != nil || w.text[start] == 'n' {
		return p
	}
	if w.out == nil {
		w.out = make([]byte, 0, len(w.text)*4/3+16)
	}
	w.out = append(w.out, w.text[w.copied:start]...)
	w.out = append(w.out, '"')
	w.out = base64.StdEncoding.AppendEncode(w.out, w.text[start:w.at])
	w.out = append(w.out, '"')
	w.copied = w.at
	return nil
}
