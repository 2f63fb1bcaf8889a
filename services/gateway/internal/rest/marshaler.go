package rest

import (
	"bytes"
	"io"
	"reflect"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/wirejson"
)

// marshaler is grpc-gateway's JSON, with raw JSON fields (see wirejson). Zero
// values are omitted and unknown fields ignored, as the original APIs do
// (actions-v1 sheet, 1.4).
type marshaler struct {
	runtime.JSONPb
	codec wirejson.Codec
}

func newMarshaler() *marshaler {
	codec := wirejson.Default()
	return &marshaler{
		JSONPb: runtime.JSONPb{MarshalOptions: codec.MarshalOptions, UnmarshalOptions: codec.UnmarshalOptions},
		codec:  codec,
	}
}

// Marshal implements runtime.Marshaler.
func (m *marshaler) Marshal(v any) ([]byte, error) {
	if msg, ok := v.(proto.Message); ok {
		return m.codec.Marshal(msg)
	}
	return m.JSONPb.Marshal(v)
}

// Unmarshal implements runtime.Marshaler.
func (m *marshaler) Unmarshal(data []byte, v any) error {
	if msg := messageIn(v); msg != nil {
		return m.codec.Unmarshal(data, msg)
	}
	if list := listIn(v); list.IsValid() {
		return m.codec.UnmarshalList(data, func() proto.Message {
			made := reflect.New(list.Type().Elem().Elem())
			list.Set(reflect.Append(list, made))
			return made.Interface().(proto.Message)
		})
	}
	return m.JSONPb.Unmarshal(data, v)
}

// NewDecoder implements runtime.Marshaler. An empty body is io.EOF, which the
// generated handlers take for an empty message.
func (m *marshaler) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		data, err := io.ReadAll(r) // bounded by the listener
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(data)) == 0 {
			return io.EOF
		}
		err = m.Unmarshal(data, v)
		keep(r, err)
		return err
	})
}

// NewEncoder implements runtime.Marshaler.
func (m *marshaler) NewEncoder(w io.Writer) runtime.Encoder {
	return runtime.EncoderFunc(func(v any) error {
		data, err := m.Marshal(v)
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
}

// messageIn returns the message that v is, or that v, a pointer to a message
// field, points to once it is made; nil for everything else.
func messageIn(v any) proto.Message {
	if msg, ok := v.(proto.Message); ok {
		return msg
	}
	field := reflect.ValueOf(v)
	if field.Kind() != reflect.Pointer || field.Elem().Kind() != reflect.Pointer {
		return nil
	}
	made := reflect.New(field.Elem().Type().Elem())
	msg, ok := made.Interface().(proto.Message)
	if !ok {
		return nil
	}
	field.Elem().Set(made)
	return msg
}

var messageType = reflect.TypeFor[proto.Message]()

// listIn returns the list of messages that v points to; the zero Value for
// everything else.
func listIn(v any) reflect.Value {
	field := reflect.ValueOf(v)
	if field.Kind() != reflect.Pointer || field.Elem().Kind() != reflect.Slice || !field.Elem().Type().Elem().Implements(messageType) {
		return reflect.Value{}
	}
	return field.Elem()
}
