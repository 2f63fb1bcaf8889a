package rpc

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/wirejson"
)

// jsonCodec is Connect's JSON with raw JSON fields (see wirejson).
type jsonCodec struct{ codec wirejson.Codec }

// Name implements connect.Codec.
func (jsonCodec) Name() string { return "json" }

// Marshal implements connect.Codec.
func (c jsonCodec) Marshal(v any) ([]byte, error) {
	m, err := message(v)
	if err != nil {
		return nil, err
	}
	return c.codec.Marshal(m)
}

// Unmarshal implements connect.Codec. An empty body is an empty message.
func (c jsonCodec) Unmarshal(data []byte, v any) error {
	m, err := message(v)
	if err != nil || len(data) == 0 {
		return err
	}
	return c.codec.Unmarshal(data, m)
}

// binaryCodec is protobuf with errors that stay what they are: those of the
// protobuf library differ from build to build.
type binaryCodec struct{}

// Name implements connect.Codec.
func (binaryCodec) Name() string { return "proto" }

// Marshal implements connect.Codec.
func (binaryCodec) Marshal(v any) ([]byte, error) {
	m, err := message(v)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(m)
}

// MarshalAppend is Marshal into a buffer that connect reuses.
func (binaryCodec) MarshalAppend(dst []byte, v any) ([]byte, error) {
	m, err := message(v)
	if err != nil {
		return nil, err
	}
	return proto.MarshalOptions{}.MarshalAppend(dst, m)
}

// IsBinary tells connect that the form is no text.
func (binaryCodec) IsBinary() bool { return true }

// Unmarshal implements connect.Codec.
func (binaryCodec) Unmarshal(data []byte, v any) error {
	m, err := message(v)
	if err != nil {
		return err
	}
	if proto.Unmarshal(data, m) != nil {
		return errors.New(explain(data, m.ProtoReflect().Descriptor()))
	}
	return nil
}

func message(v any) (proto.Message, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is not a proto message", v)
	}
	return m, nil
}
