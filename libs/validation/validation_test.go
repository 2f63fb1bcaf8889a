package validation_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/validation"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
)

func TestCheckNamesTheField(t *testing.T) {
	t.Parallel()
	v, err := validation.New()
	if err != nil {
		t.Fatal(err)
	}
	webhook := &actionv3alpha.Target_RestWebhook{RestWebhook: &actionv3alpha.SetRESTWebhook{}}
	for name, tc := range map[string]struct {
		in   proto.Message
		want string // empty: valid
	}{
		"missing message": {&actionv3alpha.CreateTargetRequest{}, "CreateTargetRequest.target"},
		"nested": {&actionv3alpha.CreateTargetRequest{Target: &actionv3alpha.Target{TargetType: webhook, Endpoint: "x"}},
			"CreateTargetRequest.target.name"},
		"missing oneof": {&actionv3alpha.CreateTargetRequest{Target: &actionv3alpha.Target{Name: "n", Endpoint: "x"}},
			"CreateTargetRequest.target.target_type"},
		"key life time": {&actionv3alpha.PatchTargetRequest{Id: "1", Target: &actionv3alpha.PatchTarget{ExpirationSigningKey: durationpb.New(1)}},
			"PatchTargetRequest.target.expiration_signing_key"},
		"bytes, not characters": {&managementv1.CreateActionRequest{Name: "n", Script: strings.Repeat("ü", 20001)},
			"CreateActionRequest.script"},
		"valid": {&managementv1.CreateActionRequest{Name: "n", Script: strings.Repeat("ü", 20000)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := v.Check(tc.in)
			switch {
			case tc.want == "" && err != nil:
				t.Fatal(err)
			case tc.want != "" && (fault.CodeOf(err) != fault.CodeInvalid || !strings.Contains(err.Error(), tc.want+": ")):
				t.Fatalf("got %v", err)
			}
		})
	}
}
