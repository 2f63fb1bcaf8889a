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
	return Codec{UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: true}}
}

// rawMessages remembers, by message name, whether a raw field is reachable.
var rawMessages sync.Map // protoreflect.FullName -> bool

// hasRaw reports whether a raw JSON field is reachable from d.
func hasRaw(d protoreflect.MessageDescriptor) bool {
	if known, ok := rawMessages.Load(d.FullName()); ok {
		return known.(bool)
	}
	found := searchRaw(d, map[protoreflect.FullName]bool{})
	rawMessages.Store(d.FullName(), found)
	return found
}

func searchRaw(d protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) bool {
	if seen[d.FullName()] {
		return false
	}
	seen[d.FullName()] = true
	fields := d.Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if isRaw(f) {
			return true
		}
		if m := messageOf(f); m != nil && searchRaw(m, seen) {
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
