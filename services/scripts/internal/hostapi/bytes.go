package hostapi

import (
	"reflect"

	"github.com/dop251/goja"
)

var typeOfBuffer = reflect.TypeFor[goja.ArrayBuffer]()

// bytes returns what an ArrayBuffer, or a view of one, holds: the VM's own
// memory, not a copy.
func (s *session) bytes(v goja.Value) ([]byte, bool) {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil, false
	}
	if o.ExportType() == typeOfBuffer {
		return o.Export().(goja.ArrayBuffer).Bytes(), true
	}
	buffer, ok := o.Get("buffer").(*goja.Object)
	if !ok || buffer.ExportType() != typeOfBuffer {
		return nil, false
	}
	// The script may have made these up.
	all := buffer.Export().(goja.ArrayBuffer).Bytes()
	from, length := o.Get("byteOffset"), o.Get("byteLength")
	if from == nil || length == nil {
		return nil, false
	}
	start, n := from.ToInteger(), length.ToInteger()
	if start < 0 || n < 0 || start > int64(len(all)) || n > int64(len(all))-start {
		return nil, false
	}
	return all[start : start+n], true
}

// needBytes is bytes, or an exception.
func (s *session) needBytes(v goja.Value) []byte {
	b, ok := s.bytes(v)
	if !ok {
		panic(s.vm.NewTypeError("an ArrayBuffer or a view of one is expected"))
	}
	return b
}

// data is the bytes of a buffer, or the UTF-8 of anything else's text.
func (s *session) data(v goja.Value) []byte {
	if b, ok := s.bytes(v); ok {
		return b
	}
	if o, ok := v.(*goja.Object); ok && o.ClassName() != "String" {
		panic(s.vm.NewTypeError("a text, an ArrayBuffer or a view of one is expected"))
	}
	return []byte(v.String())
}

// buffer returns a new ArrayBuffer with a copy of b.
func (s *session) buffer(b []byte) goja.Value {
	return s.vm.ToValue(s.vm.NewArrayBuffer(append([]byte{}, b...)))
}

// array returns a new Uint8Array with a copy of b.
func (s *session) array(b []byte) goja.Value {
	array, err := s.vm.New(s.vm.Get("Uint8Array"), s.buffer(b))
	if err != nil {
		panic(err)
	}
	return array
}
