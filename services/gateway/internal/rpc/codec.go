package rpc

import (
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
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is not a proto message", v)
	}
	return c.codec.Marshal(m)
}

// Unmarshal implements connect.Codec. An empty body is an empty message.
func (c jsonCodec) Unmarshal(data []byte, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return fmt.Errorf("%T is not a proto message", v)
	}
	if len(data) == 0 {
		return nil
	}
	return c.codec.Unmarshal(data, m)
}
