package main

import (
	"slices"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	contractv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/contract/v1"
)

// schemas are the components of the document by the full names of messages and
// enums.
type schemas map[string]object

// reference names a message's schema, which it adds on first need.
func (s schemas) reference(m *protogen.Message) object {
	if known := wellKnown(m.Desc.FullName()); known != nil {
		return known
	}
	name := string(m.Desc.FullName())
	if _, ok := s[name]; !ok {
		s[name] = object{} // ends recursion
		s[name] = s.message(m, nil)
	}
	return object{"$ref": "#/components/schemas/" + name}
}

// message is a message without the fields that travel elsewhere.
func (s schemas) message(m *protogen.Message, without map[string]bool) object {
	properties := object{}
	var required []string
	for _, f := range m.Fields {
		if without[string(f.Desc.Name())] {
			continue
		}
		schema := s.field(f)
		if text := prose(f.Comments); text != "" {
			schema = describe(schema, text)
		}
		properties[f.Desc.JSONName()] = schema
		if rulesOf(f).GetRequired() {
			required = append(required, f.Desc.JSONName())
		}
	}
	out := object{"type": "object"}
	if len(properties) > 0 {
		out["properties"] = properties
	}
	if text := prose(m.Comments); text != "" {
		out["description"] = text
	}
	if len(required) > 0 {
		slices.Sort(required)
		out["required"] = required
	}
	if all := oneofs(m); len(all) > 0 {
		out["allOf"] = all
	}
	return out
}

// describe adds a text to a schema; a reference, which others share, is wrapped.
func describe(schema object, text string) object {
	if _, shared := schema["$ref"]; shared {
		return object{"allOf": []object{schema}, "description": text}
	}
	if limits, ok := schema["description"].(string); ok {
		text += " " + limits
	}
	schema["description"] = text
	return schema
}

// oneofs says of every oneof that at most one, or exactly one, of its members
// may be there.
func oneofs(m *protogen.Message) []object {
	var all []object
	for _, o := range m.Oneofs {
		if o.Desc.IsSynthetic() {
			continue
		}
		var members []object
		for _, f := range o.Fields {
			members = append(members, object{"required": []string{f.Desc.JSONName()}})
		}
		if !oneofRequired(o) {
			members = append(members, object{"not": object{"anyOf": slices.Clone(members)}})
		}
		all = append(all, object{"oneOf": members, "title": string(o.Desc.Name())})
	}
	return all
}

// field is a field's schema with its limits.
func (s schemas) field(f *protogen.Field) object {
	rules := rulesOf(f)
	switch {
	case f.Desc.IsMap():
		out := object{"type": "object", "additionalProperties": s.value(f.Message.Fields[1])}
		limitMap(out, rules.GetMap())
		return out
	case f.Desc.IsList():
		items := s.value(f)
		limitScalar(items, rules.GetRepeated().GetItems())
		out := object{"type": "array", "items": items}
		limitList(out, rules.GetRepeated())
		return out
	}
	out := s.value(f)
	limitScalar(out, rules)
	return out
}

// value is one value of a field: lists and maps apart.
func (s schemas) value(f *protogen.Field) object {
	if raw, _ := proto.GetExtension(f.Desc.Options(), contractv1.E_RawJson).(bool); raw {
		return object{"description": "Any JSON value, as it is."}
	}
	switch f.Desc.Kind() {
	case protoreflect.MessageKind:
		return s.reference(f.Message)
	case protoreflect.EnumKind:
		return s.enum(f.Enum)
	}
	return scalar(f.Desc.Kind())
}

func (s schemas) enum(e *protogen.Enum) object {
	name := string(e.Desc.FullName())
	if _, ok := s[name]; !ok {
		var values []string
		meanings := object{}
		for _, v := range e.Values {
			values = append(values, string(v.Desc.Name()))
			if says := prose(v.Comments); says != "" {
				meanings[string(v.Desc.Name())] = says
			}
		}
		s[name] = object{"type": "string", "enum": values}
		set(s[name], "description", prose(e.Comments) != "", prose(e.Comments))
		set(s[name], "x-enumDescriptions", len(meanings) > 0, meanings)
	}
	return object{"$ref": "#/components/schemas/" + name}
}

func scalar(k protoreflect.Kind) object {
	switch k {
	case protoreflect.BoolKind:
		return object{"type": "boolean"}
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return object{"type": "integer", "format": "int32"}
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return object{"type": "integer", "minimum": 0, "maximum": 1<<32 - 1}
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return object{"type": []string{"string", "integer"}, "format": "int64"}
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return object{"type": []string{"string", "integer"}, "format": "uint64"}
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return object{"type": "number"}
	case protoreflect.BytesKind:
		return object{"type": "string", "contentEncoding": "base64"}
	}
	return object{"type": "string"}
}

// wellKnown is how JSON writes a message of google.protobuf; nil: it is none.
func wellKnown(name protoreflect.FullName) object {
	switch name {
	case "google.protobuf.Timestamp":
		return object{"type": "string", "format": "date-time"}
	case "google.protobuf.Duration":
		return object{"type": "string", "title": "duration", "pattern": `^-?[0-9]+(\.[0-9]{1,9})?s$`, "examples": []string{"10s", "0.5s"}}
	case "google.protobuf.Struct":
		return object{"type": "object"}
	case "google.protobuf.Value":
		return object{}
	case "google.protobuf.ListValue":
		return object{"type": "array"}
	case "google.protobuf.FieldMask":
		return object{"type": "string"}
	case "google.protobuf.Any":
		return object{"type": "object", "required": []string{"@type"}, "properties": object{"@type": object{"type": "string"}}}
	case "google.protobuf.Empty":
		return object{"type": "object"}
	}
	return nil
}
