package config

import (
	"encoding"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
)

// Variable is one environment variable of a program, for its reference table.
type Variable struct {
	Name    string
	Type    string // string, bool, int, duration, secret, list of …, or the name of a custom type
	Default string // as it would be written in the environment; empty for secrets
	Doc     string
}

// Describe returns the variables of a configuration struct (or a pointer to
// one) that holds the defaults, in the order they are declared. A variable
// that several nested structs read is listed once.
func Describe(defaults any) []Variable {
	var described []Variable
	seen := map[string]bool{}
	for _, f := range fields(structOf(defaults)) {
		if seen[f.name] {
			continue
		}
		seen[f.name] = true
		described = append(described, Variable{
			Name: f.name, Type: typeName(f.value.Type()), Default: format(f.value), Doc: f.doc,
		})
	}
	return described
}

// Dump returns the values of a configuration struct (or a pointer to one) for
// the log line of the start, under the names of their variables. Secrets are
// redacted.
func Dump(v any) []slog.Attr {
	var attrs []slog.Attr
	for _, f := range fields(structOf(v)) {
		attrs = append(attrs, slog.String(f.name, format(f.value)))
	}
	return attrs
}

func typeName(t reflect.Type) string {
	switch {
	case t == secretType:
		return "secret"
	case reflect.PointerTo(t).Implements(unmarshalerType):
		return t.String()
	case t.Kind() == reflect.Slice:
		return "list of " + typeName(t.Elem())
	case t.PkgPath() != "":
		return strings.ToLower(t.Name()) // time.Duration and named strings
	default:
		return t.String()
	}
}

// format writes v the way set reads it; a secret comes out redacted.
func format(v reflect.Value) string {
	if v.CanInterface() {
		if m, ok := v.Interface().(encoding.TextMarshaler); ok {
			if text, err := m.MarshalText(); err == nil {
				return string(text)
			}
		}
	}
	if v.Kind() != reflect.Slice || reflect.PointerTo(v.Type()).Implements(unmarshalerType) {
		return fmt.Sprint(v)
	}
	parts := make([]string, v.Len())
	for i := range parts {
		parts[i] = format(v.Index(i))
	}
	return strings.Join(parts, ",")
}
