package rpc

import (
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxNesting bounds how deep explain looks; protobuf's own limit is 10,000.
const maxNesting = 100

// explain tells why data is no message of type d, and names the field: the
// protobuf library's texts differ from build to build.
func explain(data []byte, d protoreflect.MessageDescriptor) string {
	path, problem := broken(data, d, maxNesting)
	if problem == "" {
		problem = "malformed protobuf"
	}
	if path == "" {
		return fmt.Sprintf("invalid %s: %s", d.Name(), problem)
	}
	return fmt.Sprintf("invalid %s.%s: %s", d.Name(), path, problem)
}

// broken returns the first field that is broken, and why; "" where none is
// found.
func broken(data []byte, d protoreflect.MessageDescriptor, depth int) (path, problem string) {
	if depth == 0 {
		return "", fmt.Sprintf("nested more than %d deep", maxNesting)
	}
	for len(data) > 0 {
		number, wire, n := protowire.ConsumeTag(data)
		if n < 0 {
			return "", "malformed protobuf"
		}
		data = data[n:]
		f := d.Fields().ByNumber(number)
		size := protowire.ConsumeFieldValue(number, wire, data)
		if size < 0 {
			return nameOf(f, number), "malformed protobuf"
		}
		if f != nil && wire == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(data)
			if below, problem := brokenValue(value, f, depth); problem != "" {
				return join(nameOf(f, number), below), problem
			}
		}
		data = data[size:]
	}
	return "", ""
}

func brokenValue(value []byte, f protoreflect.FieldDescriptor, depth int) (path, problem string) {
	switch {
	case f.Message() != nil:
		return broken(value, f.Message(), depth-1)
	case f.Kind() == protoreflect.StringKind && !utf8.Valid(value):
		return "", "must be UTF-8"
	default:
		return "", ""
	}
}

func nameOf(f protoreflect.FieldDescriptor, number protowire.Number) string {
	if f == nil {
		return fmt.Sprint(number)
	}
	return string(f.Name())
}

func join(name, below string) string {
	if below == "" {
		return name
	}
	return name + "." + below
}
