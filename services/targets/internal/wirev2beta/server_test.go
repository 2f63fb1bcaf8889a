package wirev2beta

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	actionv2beta "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2beta"
)

// TestEveryMessageIsOneOfV2 holds what the package rests on: a field of v2beta
// has in v2 the same number, name, kind and presence, and its type is the one of
// the same name; values of enums are the same.
func TestEveryMessageIsOneOfV2(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, pair := range [][2]proto.Message{
		{new(actionv2beta.CreateTargetRequest), new(actionv2.CreateTargetRequest)},
		{new(actionv2beta.CreateTargetResponse), new(actionv2.CreateTargetResponse)},
		{new(actionv2beta.UpdateTargetRequest), new(actionv2.UpdateTargetRequest)},
		{new(actionv2beta.UpdateTargetResponse), new(actionv2.UpdateTargetResponse)},
		{new(actionv2beta.DeleteTargetRequest), new(actionv2.DeleteTargetRequest)},
		{new(actionv2beta.DeleteTargetResponse), new(actionv2.DeleteTargetResponse)},
		{new(actionv2beta.GetTargetRequest), new(actionv2.GetTargetRequest)},
		{new(actionv2beta.GetTargetResponse), new(actionv2.GetTargetResponse)},
		{new(actionv2beta.ListTargetsRequest), new(actionv2.ListTargetsRequest)},
		{new(actionv2beta.ListTargetsResponse), new(actionv2.ListTargetsResponse)},
	} {
		compared += compare(t, pair[0].ProtoReflect().Descriptor(), pair[1].ProtoReflect().Descriptor())
	}
	if compared < 60 {
		t.Errorf("only %d fields compared", compared)
	}
}

// compare returns how many fields it compared.
func compare(t *testing.T, older, newer protoreflect.MessageDescriptor) (fields int) {
	t.Helper()
	for i := range older.Fields().Len() {
		a := older.Fields().Get(i)
		b := newer.Fields().ByNumber(a.Number())
		if b == nil || a.Name() != b.Name() || a.Kind() != b.Kind() || a.Cardinality() != b.Cardinality() || a.HasPresence() != b.HasPresence() {
			t.Errorf("%s is not %v", a.FullName(), b)
			continue
		}
		fields++
		switch {
		case a.Enum() != nil && !slices.Equal(values(a.Enum()), values(b.Enum())):
			t.Errorf("%s has other values", a.FullName())
		case a.Message() != nil && strings.HasPrefix(string(a.Message().FullName()), "zitadel."):
			fields += compare(t, a.Message(), b.Message())
		}
	}
	return fields
}

func values(e protoreflect.EnumDescriptor) (values []protoreflect.Name) {
	for i := range e.Values().Len() {
		v := e.Values().Get(i)
		values = append(values, v.Name())
		if int(v.Number()) != i {
			values = append(values, "gap")
		}
	}
	return values
}
