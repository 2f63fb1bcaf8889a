package wirejson

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	contractv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/contract/v1"
	"github.com/actionplane/actionplane/proto/jsontext"
)

// tokenMark opens the bytes that stand for a raw value while protojson works.
// It is not valid UTF-8, so that no JSON text can begin with it.
const tokenMark = "\xff\xfeactionplane-raw:"

// Marshal returns m as JSON. Empty lists are omitted unless the type of m
// carries the option actionplane.contract.v1.empty_lists. A raw field that does not hold valid JSON is an
// error.
func (c Codec) Marshal(m proto.Message) ([]byte, error) {
	r := m.ProtoReflect()
	if showsEmptyLists(r.Descriptor()) {
		c.MarshalOptions.EmitDefaultValues = true
	}
	if !hasRaw(r.Descriptor()) {
		return c.MarshalOptions.Marshal(m)
	}
	clone := proto.Clone(m)
	var raws [][]byte
	if err := takeRaw(clone.ProtoReflect(), &raws); err != nil {
		return nil, err
	}
	text, err := c.MarshalOptions.Marshal(clone)
	if err != nil {
		return nil, err
	}
	return putBack(text, raws)
}

// showsEmptyLists reports whether d carries the option empty_lists.
func showsEmptyLists(d protoreflect.MessageDescriptor) bool {
	shows, _ := proto.GetExtension(d.Options(), contractv1.E_EmptyLists).(bool)
	return shows
}

// takeRaw moves every raw value out of m into raws and leaves a token that
// tells its index.
func takeRaw(m protoreflect.Message, raws *[][]byte) error {
	var err error
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		err = takeRawField(m, f, v, raws)
		return err == nil
	})
	return err
}

func takeRawField(m protoreflect.Message, f protoreflect.FieldDescriptor, v protoreflect.Value, raws *[][]byte) error {
	switch {
	case isRaw(f):
		if !jsontext.Valid(v.Bytes()) {
			return fmt.Errorf("field %s does not hold valid JSON", f.FullName())
		}
		m.Set(f, protoreflect.ValueOfBytes(token(len(*raws))))
		*raws = append(*raws, v.Bytes())
	case messageOf(f) == nil || !hasRaw(messageOf(f)):
	case f.IsMap():
		var err error
		v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
			err = takeRaw(v.Message(), raws)
			return err == nil
		})
		return err
	case f.IsList():
		for i := range v.List().Len() {
			if err := takeRaw(v.List().Get(i).Message(), raws); err != nil {
				return err
			}
		}
	default:
		return takeRaw(v.Message(), raws)
	}
	return nil
}

func token(index int) []byte {
	return binary.BigEndian.AppendUint32([]byte(tokenMark), uint32(index))
}

// putBack replaces every token, printed as a base64 string, by its value.
func putBack(text []byte, raws [][]byte) ([]byte, error) {
	size := len(text)
	for _, r := range raws {
		size += len(r)
	}
	out := make([]byte, 0, size)
	for range raws {
		before, printed, after, ok := cutToken(text)
		if !ok {
			return nil, errors.New("a raw value got lost while printing")
		}
		out = append(out, before...)
		out = append(out, bytes.TrimSpace(raws[printed])...)
		text = after
	}
	return append(out, text...), nil
}

// tokenPrefix is how every token begins when it is printed: the base64 of the
// mark's whole 3-byte groups.
var tokenPrefix = `"` + base64.StdEncoding.EncodeToString([]byte(tokenMark)[:len(tokenMark)/3*3])

// cutToken splits text around its first token and returns the token's index.
func cutToken(text []byte) (before []byte, index uint32, after []byte, ok bool) {
	start := bytes.Index(text, []byte(tokenPrefix))
	if start < 0 {
		return nil, 0, nil, false
	}
	end := bytes.IndexByte(text[start+1:], '"')
	if end < 0 {
		return nil, 0, nil, false
	}
	end += start + 1
	b, err := base64.StdEncoding.DecodeString(string(text[start+1 : end]))
	if err != nil || len(b) != len(tokenMark)+4 {
		return nil, 0, nil, false
	}
	return text[:start], binary.BigEndian.Uint32(b[len(tokenMark):]), text[end+1:], true
}
