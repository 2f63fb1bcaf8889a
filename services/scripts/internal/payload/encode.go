package payload

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/dop251/goja"
)

var (
	typeOfObject = reflect.TypeFor[*object]()
	typeOfBool   = reflect.TypeFor[bool]()
)

// TooLargeError is output that would not fit.
type TooLargeError struct {
	Limit int // bytes
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the result is larger than %d bytes", e.Limit)
}

// Encode prints value as JSON of at most limit bytes, by the rules of
// JSON.stringify: toJSON is honoured, functions and undefined are left out of
// objects and are null in arrays. It returns nil for a value that has no JSON
// (undefined, a function, a symbol).
//
// It runs script code (getters, toJSON), so it panics with whatever goja panics
// with when that throws or is interrupted: call it from a host function, or
// within Runtime.Try.
func (d *Document) Encode(value goja.Value, limit int) ([]byte, error) {
	e := encoder{doc: d, limit: limit, out: make([]byte, 0, min(limit, 1024))}
	ok, err := e.value("", value)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, nil
	}
	if len(e.out) > limit {
		return nil, &TooLargeError{Limit: limit}
	}
	return e.out, nil
}

// encoder prints one value.
type encoder struct {
	doc   *Document
	out   []byte
	limit int
	open  []*goja.Object // objects being printed, to find circles
}

// value prints v and reports whether it has JSON. key is what toJSON is told.
func (e *encoder) value(key string, v goja.Value) (bool, error) {
	if len(e.out) > e.limit {
		return false, &TooLargeError{Limit: e.limit}
	}
	switch {
	case v == nil || goja.IsUndefined(v):
		return false, nil
	case goja.IsNull(v):
		e.out = append(e.out, "null"...)
	case goja.IsString(v):
		e.out = appendString(e.out, v.String())
	case goja.IsNumber(v):
		e.number(v)
	case goja.IsBigInt(v):
		panic(e.doc.vm.NewTypeError("Do not know how to serialize a BigInt"))
	default:
		if o, ok := v.(*goja.Object); ok {
			return e.object(key, o)
		}
		if v.ExportType() != typeOfBool {
			return false, nil // a symbol
		}
		e.out = strconv.AppendBool(e.out, v.ToBoolean())
	}
	return true, nil
}

func (e *encoder) number(v goja.Value) {
	f := v.ToFloat()
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		e.out = append(e.out, "null"...)
	case math.Abs(f) > maxExact && e.doc.big[f] != "":
		e.out = append(e.out, e.doc.big[f]...)
	default:
		e.out = append(e.out, v.String()...)
	}
}

// object prints o, or what its toJSON returns instead of it.
func (e *encoder) object(key string, o *goja.Object) (bool, error) {
	if o.ExportType() == typeOfObject {
		// Asking an untouched object for toJSON would decode it for nothing.
		if untouched := o.Export().(*object); !untouched.split {
			e.out = append(e.out, untouched.raw...)
			return true, nil
		}
	}
	toJSON, ok := goja.AssertFunction(o.Get("toJSON"))
	if !ok {
		return e.inside(o)
	}
	v, err := toJSON(o, e.doc.vm.ToValue(key))
	if err != nil {
		panic(err) // an exception or an interrupt: goja's own, passed on as it is
	}
	if r, ok := v.(*goja.Object); ok {
		return e.inside(r) // whose own toJSON is not asked
	}
	return e.value(key, v)
}

// inside prints objects of the document, plain objects and arrays by itself,
// and leaves every other kind to the VM.
func (e *encoder) inside(o *goja.Object) (bool, error) {
	if _, ok := goja.AssertFunction(o); ok {
		return false, nil
	}
	if o.ExportType() == typeOfObject {
		return true, e.enter(o, func() error { return e.document(o.Export().(*object)) })
	}
	switch o.ClassName() {
	case "Array":
		return true, e.enter(o, func() error { return e.array(o) })
	case "Object":
		return true, e.enter(o, func() error { return e.plain(o) })
	}
	return e.stringify(o)
}

// enter prints the inside of o, unless o is being printed already.
func (e *encoder) enter(o *goja.Object, print func() error) error {
	if len(e.open) >= maxDepth {
		return errDepth
	}
	for _, outer := range e.open {
		if outer == o {
			panic(e.doc.vm.NewTypeError("Converting circular structure to JSON"))
		}
	}
	e.open = append(e.open, o)
	err := print()
	e.open = e.open[:len(e.open)-1]
	return err
}

// document prints an object of the input: what was not assigned is copied,
// unless something inside it was.
func (e *encoder) document(o *object) error {
	if !o.split {
		e.out = append(e.out, o.raw...)
		return nil
	}
	e.out = append(e.out, '{')
	first := true
	for _, m := range o.members {
		if m.raw != nil && !isOpened(m.value) {
			e.key(&first, m.key)
			e.out = append(e.out, m.raw...)
			continue
		}
		if err := e.member(&first, m.key, m.value); err != nil {
			return err
		}
	}
	e.out = append(e.out, '}')
	return nil
}

// isOpened reports whether a decoded member may have changed inside.
func isOpened(v goja.Value) bool {
	_, ok := v.(*goja.Object)
	return ok
}

func (e *encoder) plain(o *goja.Object) error {
	e.out = append(e.out, '{')
	first := true
	for _, key := range o.Keys() {
		if err := e.member(&first, key, o.Get(key)); err != nil {
			return err
		}
	}
	e.out = append(e.out, '}')
	return nil
}

// member prints one property, or nothing where its value has no JSON.
func (e *encoder) member(first *bool, key string, v goja.Value) error {
	mark, was := len(e.out), *first
	e.key(first, key)
	ok, err := e.value(key, v)
	if !ok {
		e.out, *first = e.out[:mark], was
	}
	return err
}

func (e *encoder) key(first *bool, key string) {
	if !*first {
		e.out = append(e.out, ',')
	}
	*first = false
	e.out = append(appendString(e.out, key), ':')
}

func (e *encoder) array(o *goja.Object) error {
	e.out = append(e.out, '[')
	length := o.Get("length").ToInteger()
	for i := range length {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		key := strconv.FormatInt(i, 10)
		ok, err := e.value(key, o.Get(key))
		if err != nil {
			return err
		}
		if !ok {
			e.out = append(e.out, "null"...)
		}
	}
	e.out = append(e.out, ']')
	return nil
}

// stringify leaves boxed values, dates, maps, proxies and the like to the VM.
// A script that replaced JSON.stringify gets what it asked for, as long as it
// is JSON.
func (e *encoder) stringify(o *goja.Object) (bool, error) {
	vm := e.doc.vm
	stringify, ok := goja.AssertFunction(vm.GlobalObject().Get("JSON").ToObject(vm).Get("stringify"))
	if !ok {
		panic(vm.NewTypeError("JSON.stringify is not a function"))
	}
	v, err := stringify(goja.Undefined(), o)
	if err != nil {
		panic(err)
	}
	if goja.IsUndefined(v) {
		return false, nil
	}
	raw := []byte(v.String())
	if !json.Valid(raw) {
		panic(vm.NewTypeError("JSON.stringify did not return JSON"))
	}
	e.out = append(e.out, raw...)
	return true, nil
}
