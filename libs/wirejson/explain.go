package wirejson

import (
	"bytes"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// explain finds what protojson did not like about a text, and words it. Values
// are not judged here but by protojson, one by one, so that both always agree.
func explain(text []byte, d protoreflect.MessageDescriptor, options protojson.UnmarshalOptions) *Problem {
	s := scanner{text: text}
	s.space()
	p := s.value()
	if p == nil {
		p = s.end()
	}
	if p != nil {
		return p
	}
	e := examiner{scanner: scanner{text: text}, options: options, discard: options.DiscardUnknown}
	e.options.DiscardUnknown = false // values are judged one by one
	e.space()
	if p := e.message(d); p != nil {
		return p
	}
	return &Problem{Reason: fmt.Sprintf("does not fit %s", d.Name())}
}

// examiner walks over a text that is valid JSON until it finds what does not
// fit.
type examiner struct {
	scanner
	options    protojson.UnmarshalOptions
	discard    bool // unknown members
	enumsAlone bool // all else is known to fit
}

func (e *examiner) message(d protoreflect.MessageDescriptor) *Problem {
	if e.next() != '{' {
		return mustBe("an object")
	}
	seen := map[protoreflect.FieldNumber]bool{}
	chosen := map[protoreflect.FullName]protoreflect.FieldDescriptor{} // by oneof
	return e.object(func(name []byte) *Problem {
		f := fieldOf(d, unquoted(name))
		switch {
		case f == nil && !e.discard:
			return (&Problem{Reason: "unknown field"}).In(member(unquoted(name)))
		case f == nil:
			return e.value()
		case e.isNull() && !takesNull(f):
			return e.value()
		case seen[f.Number()]:
			return (&Problem{Reason: "stands there more than once"}).In(f.JSONName())
		}
		seen[f.Number()] = true
		if o := f.ContainingOneof(); o != nil {
			if other := chosen[o.FullName()]; other != nil {
				return (&Problem{Reason: fmt.Sprintf("cannot be set beside %s", other.JSONName())}).In(f.JSONName())
			}
			chosen[o.FullName()] = f
		}
		return e.field(f).In(f.JSONName())
	})
}

// takesNull reports whether null is a value of the field, not its absence.
func takesNull(f protoreflect.FieldDescriptor) bool {
	return f.Message() != nil && f.Message().FullName() == "google.protobuf.Value" ||
		f.Enum() != nil && f.Enum().FullName() == "google.protobuf.NullValue"
}

func (e *examiner) field(f protoreflect.FieldDescriptor) *Problem {
	switch {
	case f.IsMap() && e.next() != '{':
		return mustBe("an object")
	case f.IsMap():
		return e.entries(f)
	case f.IsList() && e.next() != '[':
		return mustBe("an array")
	case f.IsList():
		return e.array(func(i int) *Problem { return e.one(f, f, "[", "]").In(element(i)) })
	default:
		return e.one(f, f, "", "")
	}
}

func (e *examiner) entries(f protoreflect.FieldDescriptor) *Problem {
	seen := map[string]bool{}
	return e.object(func(quoted []byte) *Problem {
		name := unquoted(quoted)
		if seen[name] {
			return (&Problem{Reason: "stands there more than once"}).In(key(name))
		}
		seen[name] = true
		if m := f.MapValue().Message(); m != nil && !isWellKnown(m) && !e.fits(f, `{"`+string(quoted)+`":{}}`) {
			return mustBe(wanted(f.MapKey())).In(key(name))
		}
		return e.one(f, f.MapValue(), `{"`+string(quoted)+`":`, "}").In(key(name))
	})
}

// one examines a single value of type f, which is that of field or of what
// field holds between open and closing.
func (e *examiner) one(field, f protoreflect.FieldDescriptor, open, closing string) *Problem {
	if m := f.Message(); m != nil && !isWellKnown(m) {
		return e.message(m)
	}
	start := e.at
	if p := e.value(); p != nil {
		return p
	}
	value := e.text[start:e.at]
	if e.enumsAlone && f.Enum() == nil || isPlain(f, value) || e.fits(field, open+string(value)+closing) {
		return nil
	}
	return mustBe(wanted(f))
}

// isPlain reports whether a value evidently fits: most do, and protojson need
// not be asked about each of a million.
func isPlain(f protoreflect.FieldDescriptor, value []byte) bool {
	switch f.Kind() {
	case protoreflect.StringKind:
		return value[0] == '"'
	case protoreflect.BoolKind:
		return value[0] == 't' || value[0] == 'f'
	case protoreflect.Int32Kind, protoreflect.Int64Kind, protoreflect.Uint32Kind, protoreflect.Uint64Kind:
		return len(value) < 10 && len(bytes.Trim(value, "0123456789")) == 0
	case protoreflect.EnumKind:
		return value[0] == '"' && f.Enum().Values().ByName(protoreflect.Name(unquoted(value[1:len(value)-1]))) != nil
	default:
		return false
	}
}

// fits reports whether protojson takes value for the field.
func (e *examiner) fits(f protoreflect.FieldDescriptor, value string) bool {
	alone := dynamicpb.NewMessage(f.ContainingMessage())
	return e.options.Unmarshal([]byte(`{"`+f.JSONName()+`":`+value+`}`), alone) == nil
}

func mustBe(what string) *Problem { return &Problem{Reason: "must be " + what} }

// wellKnown are the messages whose JSON is not an object of their fields, and
// what it is.
var wellKnown = map[protoreflect.FullName]string{
	"google.protobuf.Any":         `an object with "@type"`,
	"google.protobuf.Duration":    `a duration in seconds such as "10s" or "0.5s"`,
	"google.protobuf.Empty":       "an empty object",
	"google.protobuf.FieldMask":   `field names such as "a,b.c"`,
	"google.protobuf.ListValue":   "an array",
	"google.protobuf.Struct":      "an object",
	"google.protobuf.Timestamp":   `a time such as "2006-01-02T15:04:05Z"`,
	"google.protobuf.Value":       "a JSON value",
	"google.protobuf.BoolValue":   "true or false",
	"google.protobuf.BytesValue":  "a base64 string",
	"google.protobuf.DoubleValue": "a number",
	"google.protobuf.FloatValue":  "a number",
	"google.protobuf.Int32Value":  "a 32-bit integer",
	"google.protobuf.Int64Value":  "a 64-bit integer",
	"google.protobuf.StringValue": "a string",
	"google.protobuf.UInt32Value": "an unsigned 32-bit integer",
	"google.protobuf.UInt64Value": "an unsigned 64-bit integer",
}

func isWellKnown(m protoreflect.MessageDescriptor) bool { return wellKnown[m.FullName()] != "" }

// Expected words the values of a field, or of its elements: "an integer from 0
// to 4294967295".
func Expected(f protoreflect.FieldDescriptor) string {
	if m := f.Message(); m != nil && !isWellKnown(m) {
		return "an object"
	}
	return wanted(f)
}

// wanted is Expected of a field whose values protojson judges.
func wanted(f protoreflect.FieldDescriptor) string {
	switch f.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return wellKnown[f.Message().FullName()]
	case protoreflect.EnumKind:
		return "one of " + names(f.Enum())
	case protoreflect.BoolKind:
		return "true or false"
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return "an integer from -2147483648 to 2147483647"
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return "an integer from 0 to 4294967295"
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return "an integer from -9223372036854775808 to 9223372036854775807"
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return "an integer from 0 to 18446744073709551615"
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return "a number"
	case protoreflect.BytesKind:
		return "a base64 string"
	default:
		return "a string"
	}
}

// maxNames bounds how many values of an enum are named.
const maxNames = 16

func names(e protoreflect.EnumDescriptor) string {
	var all []string
	for i := range min(e.Values().Len(), maxNames) {
		all = append(all, string(e.Values().Get(i).Name()))
	}
	if e.Values().Len() > maxNames {
		all = append(all, "...")
	}
	return strings.Join(all, ", ")
}
