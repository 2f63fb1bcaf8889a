// Package wirejson is protojson with one addition: a bytes field that carries
// the option actionplane.contract.v1.raw_json appears as the JSON value it
// holds, byte for byte, where protojson would print base64. A payload thus
// crosses every JSON surface with its member order and its numbers intact.
//
// Messages without such fields take protojson's own path.
package wirejson

import (
	"sync"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	contractv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/contract/v1"
)

// Codec holds the protojson options of one surface.
type Codec struct {
	MarshalOptions   protojson.MarshalOptions
	UnmarshalOptions protojson.UnmarshalOptions
}

// Default omits unpopulated fields and ignores unknown ones, as the public
// APIs do (actions-v1 sheet, 1.4).
func Default() Codec {
	return Codec{UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: MaxDepth}}
}

// rawMessages and enumMessages remember, by message name, whether such a field
// is reachable.
var rawMessages, enumMessages sync.Map // protoreflect.FullName -> bool

// hasRaw reports whether a raw JSON field is reachable from d.
func hasRaw(d protoreflect.MessageDescriptor) bool { return has(d, &rawMessages, isRaw) }

// hasEnum reports whether an enum field is reachable from d.
func hasEnum(d protoreflect.MessageDescriptor) bool {
	return has(d, &enumMessages, func(f protoreflect.FieldDescriptor) bool {
		return f.Enum() != nil || f.IsMap() && f.MapValue().Enum() != nil
	})
}

// has reports whether a field that is wanted is reachable from d.
func has(d protoreflect.MessageDescriptor, remembered *sync.Map, wanted func(protoreflect.FieldDescriptor) bool) bool {
	if known, ok := remembered.Load(d.FullName()); ok {
		return known.(bool)
	}
	found := search(d, wanted, map[protoreflect.FullName]bool{})
	remembered.Store(d.FullName(), found)
	return found
}

func search(d protoreflect.MessageDescriptor, wanted func(protoreflect.FieldDescriptor) bool, seen map[protoreflect.FullName]bool) bool {
	if seen[d.FullName()] {
		return false
	}
	seen[d.FullName()] = true
	fields := d.Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if wanted(f) {
			return true
		}
		if m := messageOf(f); m != nil && search(m, wanted, seen) {
			return true
		}
	}
	return false
}

// isRaw reports whether f is a singular bytes field of JSON text.
func isRaw(f protoreflect.FieldDescriptor) bool {
	if f.Kind() != protoreflect.BytesKind || f.IsList() {
		return false
	}
	raw, _ := proto.GetExtension(f.Options(), contractv1.E_RawJson).(bool)
	return raw
}

// messageOf returns the message type behind f: its own, or that of a map's
// values; nil for scalars.
func messageOf(f protoreflect.FieldDescriptor) protoreflect.MessageDescriptor {
	if f.IsMap() {
		return f.MapValue().Message()
	}
	return f.Message()
}
