package wirejson

import (
	"google.golang.org/protobuf/proto"
)

// Unmarshal fills m from JSON text. Where m has raw fields, each takes the
// value's bytes as they stand; null leaves the field empty. What is wrong with
// the text is a *Problem.
func (c Codec) Unmarshal(text []byte, m proto.Message) error {
	return c.unmarshal(text, m).err()
}

func (c Codec) unmarshal(text []byte, m proto.Message) *Problem {
	d := m.ProtoReflect().Descriptor()
	if hasRaw(d) {
		wrapped, p := wrapRaw(text, d)
		if p != nil {
			return p
		}
		text = wrapped
	}
	if c.UnmarshalOptions.DiscardUnknown && hasEnum(d) {
		return c.discarding(text, m)
	}
	if c.UnmarshalOptions.Unmarshal(text, m) == nil {
		return nil
	}
	return explain(text, d, c.UnmarshalOptions)
}

// discarding passes over unknown members, but not, as protojson then does,
// over unknown values of an enum: a filter that is not understood must not
// find everything.
func (c Codec) discarding(text []byte, m proto.Message) *Problem {
	strict := c.UnmarshalOptions
	strict.DiscardUnknown = false
	if strict.Unmarshal(text, m) == nil {
		return nil
	}
	d := m.ProtoReflect().Descriptor()
	if c.UnmarshalOptions.Unmarshal(text, m) != nil {
		return explain(text, d, c.UnmarshalOptions)
	}
	e := examiner{scanner: scanner{text: text}, options: strict, discard: true, enumsAlone: true}
	e.space()
	return e.message(d)
}

// UnmarshalList reads a JSON array of messages; next makes each. null is an
// empty array.
func (c Codec) UnmarshalList(text []byte, next func() proto.Message) error {
	s := scanner{text: text}
	s.space()
	var p *Problem
	switch {
	case s.isNull():
		p = s.value()
	case s.next() != '[':
		if p = s.value(); p == nil {
			p = &Problem{Reason: "must be an array"}
		}
	default:
		p = s.array(func(i int) *Problem {
			start := s.at
			if p := s.value(); p != nil {
				return p.In(element(i))
			}
			return c.unmarshal(text[start:s.at], next()).In(element(i))
		})
	}
	if p == nil {
		p = s.end()
	}
	return p.err()
}
