package wirejson

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxDepth bounds the nesting of messages on the way to a raw field.
const maxDepth = 32

// Unmarshal fills m from JSON text. Where m has raw fields, each takes the
// value's bytes as they stand; null leaves the field empty.
func (c Codec) Unmarshal(text []byte, m proto.Message) error {
	d := m.ProtoReflect().Descriptor()
	if hasRaw(d) {
		wrapped, err := wrapRaw(text, d, 0)
		if err != nil {
			return err
		}
		text = wrapped
	}
	return c.UnmarshalOptions.Unmarshal(text, m)
}

// wrapRaw returns text with every raw value replaced by its base64 string, so
// that protojson reads it into bytes.
func wrapRaw(text []byte, d protoreflect.MessageDescriptor, depth int) ([]byte, error) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || text[0] != '{' {
		return text, nil // null, or an error that protojson words better
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("%s is nested more than %d deep", d.FullName(), maxDepth)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	for name, value := range members {
		f := fieldOf(d, name)
		if f == nil {
			continue
		}
		wrapped, err := wrapField(value, f, depth)
		if err != nil {
			return nil, err
		}
		members[name] = wrapped
	}
	return json.Marshal(members)
}

func fieldOf(d protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if f := d.Fields().ByJSONName(name); f != nil {
		return f
	}
	return d.Fields().ByName(protoreflect.Name(name))
}

func wrapField(value json.RawMessage, f protoreflect.FieldDescriptor, depth int) (json.RawMessage, error) {
	if isRaw(f) {
		return wrapValue(value), nil
	}
	m := messageOf(f)
	if m == nil || !hasRaw(m) {
		return value, nil
	}
	switch {
	case f.IsMap():
		var values map[string]json.RawMessage
		if json.Unmarshal(value, &values) != nil {
			return value, nil //nolint:nilerr // protojson words the error
		}
		for k, v := range values {
			wrapped, err := wrapRaw(v, m, depth+1)
			if err != nil {
				return nil, err
			}
			values[k] = wrapped
		}
		return json.Marshal(values)
	case f.IsList():
		var values []json.RawMessage
		if json.Unmarshal(value, &values) != nil {
			return value, nil //nolint:nilerr // protojson words the error
		}
		for i, v := range values {
			wrapped, err := wrapRaw(v, m, depth+1)
			if err != nil {
				return nil, err
			}
			values[i] = wrapped
		}
		return json.Marshal(values)
	}
	return wrapRaw(value, m, depth+1)
}

func wrapValue(value json.RawMessage) json.RawMessage {
	if string(value) == "null" {
		return value
	}
	out := make([]byte, 0, base64.StdEncoding.EncodedLen(len(value))+2)
	out = append(out, '"')
	out = base64.StdEncoding.AppendEncode(out, value)
	return append(out, '"')
}
