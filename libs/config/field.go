package config

import (
	"encoding"
	"reflect"
)

// field is one tagged field of a configuration struct.
type field struct {
	name  string // of the variable
	doc   string
	value reflect.Value
}

var (
	unmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
	secretType      = reflect.TypeFor[Secret]()
)

// fields returns the tagged fields of v, a struct, in the order they are
// declared, nested structs included.
func fields(v reflect.Value) []field {
	var found []field
	for i := range v.NumField() {
		declared := v.Type().Field(i)
		name, tagged := declared.Tag.Lookup("env")
		switch {
		case tagged:
			found = append(found, field{name: name, doc: declared.Tag.Get("doc"), value: v.Field(i)})
		case declared.Type.Kind() == reflect.Struct && (declared.IsExported() || declared.Anonymous):
			found = append(found, fields(v.Field(i))...)
		}
	}
	return found
}

// structOf returns the struct in v, which may be one or point to one.
func structOf(v any) reflect.Value {
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Pointer {
		r = r.Elem()
	}
	return r
}
