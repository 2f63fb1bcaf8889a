package main

import (
	"fmt"
	"time"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

func rulesOf(f *protogen.Field) *validate.FieldRules {
	rules, _ := proto.GetExtension(f.Desc.Options(), validate.E_Field).(*validate.FieldRules)
	return rules
}

func oneofRequired(o *protogen.Oneof) bool {
	rules, _ := proto.GetExtension(o.Desc.Options(), validate.E_Oneof).(*validate.OneofRules)
	return rules.GetRequired()
}

func limitList(out object, r *validate.RepeatedRules) {
	set(out, "minItems", r != nil && r.MinItems != nil, r.GetMinItems())
	set(out, "maxItems", r != nil && r.MaxItems != nil, r.GetMaxItems())
	set(out, "uniqueItems", r.GetUnique(), true)
}

func limitMap(out object, r *validate.MapRules) {
	set(out, "minProperties", r != nil && r.MinPairs != nil, r.GetMinPairs())
	set(out, "maxProperties", r != nil && r.MaxPairs != nil, r.GetMaxPairs())
}

// limitScalar adds the limits of one value.
func limitScalar(out object, r *validate.FieldRules) {
	switch rule := r.GetType().(type) {
	case *validate.FieldRules_String_:
		limitString(out, rule.String_)
	case *validate.FieldRules_Bytes:
		set(out, "description", rule.Bytes.MaxLen != nil, fmt.Sprintf("At most %d bytes.", rule.Bytes.GetMaxLen()))
	case *validate.FieldRules_Bool:
		set(out, "const", rule.Bool.Const != nil, rule.Bool.GetConst())
	case *validate.FieldRules_Uint32:
		limitNumber(out, rule.Uint32)
	case *validate.FieldRules_Int32:
		limitNumber(out, rule.Int32)
	case *validate.FieldRules_Uint64:
		limitNumber(out, rule.Uint64)
	case *validate.FieldRules_Int64:
		limitNumber(out, rule.Int64)
	case *validate.FieldRules_Double:
		limitNumber(out, rule.Double)
	case *validate.FieldRules_Duration:
		limitDuration(out, rule.Duration)
	}
}

func limitString(out object, r *validate.StringRules) {
	set(out, "minLength", r.MinLen != nil, r.GetMinLen())
	set(out, "maxLength", r.MaxLen != nil, r.GetMaxLen())
	if r.Len != nil {
		out["minLength"], out["maxLength"] = r.GetLen(), r.GetLen()
	}
	set(out, "pattern", r.Pattern != nil, r.GetPattern())
	set(out, "description", r.MaxBytes != nil, fmt.Sprintf("At most %d bytes.", r.GetMaxBytes()))
	set(out, "enum", len(r.GetIn()) > 0, r.GetIn())
	set(out, "format", r.GetUuid(), "uuid")
	set(out, "format", r.GetEmail(), "email")
	set(out, "format", r.GetUri(), "uri")
}

// numberRules are what the rules of every kind of number have.
type numberRules[N any] interface {
	GetGt() N
	GetGte() N
	GetLt() N
	GetLte() N
	HasGt() bool
	HasGte() bool
	HasLt() bool
	HasLte() bool
}

func limitNumber[N any](out object, r numberRules[N]) {
	set(out, "exclusiveMinimum", r.HasGt(), r.GetGt())
	set(out, "minimum", r.HasGte(), r.GetGte())
	set(out, "exclusiveMaximum", r.HasLt(), r.GetLt())
	set(out, "maximum", r.HasLte(), r.GetLte())
}

func limitDuration(out object, r *validate.DurationRules) {
	text := ""
	for _, bound := range []struct {
		words string
		has   bool
		value *durationpb.Duration
	}{
		{"exactly", r.Const != nil, r.GetConst()},
		{"more than", r.GetGt() != nil, r.GetGt()},
		{"at least", r.GetGte() != nil, r.GetGte()},
		{"less than", r.GetLt() != nil, r.GetLt()},
		{"at most", r.GetLte() != nil, r.GetLte()},
	} {
		if bound.has {
			if text != "" {
				text += ", "
			}
			text += bound.words + " " + seconds(bound.value.AsDuration())
		}
	}
	set(out, "description", text != "", "A duration: "+text+".")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%gs", d.Seconds()) }

func set(out object, name string, when bool, value any) {
	if when {
		out[name] = value
	}
}
