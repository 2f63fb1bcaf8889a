package targets_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
)

func TestPatchTarget(t *testing.T) {
	t.Parallel()
	w := setup(t)

	t.Run("ChangesWhatDiffers", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		created := w.create(ctx, t)
		id := created.GetDetails().GetId()
		changes := w.changes(ctx, t)
		out := w.patch(ctx, t, id, &actionv3alpha.PatchTarget{Name: proto.String("invoices"), Endpoint: proto.String("action://42")})
		wantChange(t, changes, changesv1.Operation_OPERATION_CHANGED, id)

		want := webhook()
		want.Name, want.Endpoint = "invoices", "action://42"
		got := w.get(ctx, t, id)
		if !proto.Equal(got.GetConfig(), want) || !proto.Equal(got.GetDetails(), out.GetDetails()) {
			t.Errorf("got %v", got)
		}
		before, after := created.GetDetails(), out.GetDetails()
		if !proto.Equal(before.GetCreated(), after.GetCreated()) || !after.GetChanged().AsTime().After(before.GetChanged().AsTime()) {
			t.Errorf("dates went from %v to %v", before, after)
		}
		if out.SigningKey != nil || got.GetSigningKey() != created.GetSigningKey() {
			t.Error("the key changed")
		}
	})
	t.Run("LeavesWhatIsTheSame", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		created := w.create(ctx, t)
		id := created.GetDetails().GetId()
		changes := w.changes(ctx, t)
		same := webhook()
		for _, m := range []*actionv3alpha.PatchTarget{
			{},
			{Name: &same.Name, Endpoint: &same.Endpoint, Timeout: same.GetTimeout(), TargetType: &actionv3alpha.PatchTarget_RestWebhook{RestWebhook: same.GetRestWebhook()}},
		} {
			if out := w.patch(ctx, t, id, m); !proto.Equal(out.GetDetails(), created.GetDetails()) || out.SigningKey != nil {
				t.Errorf("got %v, want %v", out, created.GetDetails())
			}
		}
		// The next news is the next change, so there was none before it.
		if _, err := w.DeleteTarget(ctx, &actionv3alpha.DeleteTargetRequest{Id: id}); err != nil {
			t.Fatal(err)
		}
		wantChange(t, changes, changesv1.Operation_OPERATION_DELETED, id)
	})
	t.Run("TypeReplacesTheFlagToo", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.create(ctx, t).GetDetails().GetId()
		w.patch(ctx, t, id, &actionv3alpha.PatchTarget{TargetType: &actionv3alpha.PatchTarget_RestCall{RestCall: &actionv3alpha.SetRESTCall{}}})
		if got := w.get(ctx, t, id).GetConfig(); got.GetRestCall() == nil || got.GetRestCall().GetInterruptOnError() {
			t.Errorf("got %v", got)
		}
		w.patch(ctx, t, id, &actionv3alpha.PatchTarget{TargetType: &actionv3alpha.PatchTarget_RestAsync{RestAsync: &actionv3alpha.SetRESTAsync{}}})
		if got := w.get(ctx, t, id).GetConfig(); got.GetRestAsync() == nil {
			t.Errorf("got %v", got)
		}
	})
	t.Run("ReplacesTheSigningKeyAtOnce", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		created := w.create(ctx, t)
		id := created.GetDetails().GetId()
		out := w.patch(ctx, t, id, &actionv3alpha.PatchTarget{ExpirationSigningKey: &durationpb.Duration{}})
		if !signingKey.MatchString(out.GetSigningKey()) || out.GetSigningKey() == created.GetSigningKey() {
			t.Error("no new key")
		}
		if !slices.Equal(w.keys(ctx, t, id), []string{out.GetSigningKey()}) || w.get(ctx, t, id).GetSigningKey() != out.GetSigningKey() {
			t.Error("the new key is not the only one")
		}
		if !out.GetDetails().GetChanged().AsTime().After(created.GetDetails().GetChanged().AsTime()) {
			t.Error("the change has no date")
		}
	})

	refusals := []struct {
		name  string
		patch *actionv3alpha.PatchTarget
		id    string
		field string
	}{
		{"ZeroTimeout", &actionv3alpha.PatchTarget{Timeout: &durationpb.Duration{}}, "COMMAND-08b39vdi57", "timeout"},
		{"BadEndpoint", &actionv3alpha.PatchTarget{Endpoint: proto.String("nats://$SYS.x")}, "COMMAND-jsbaera7b6", "endpoint"},
		{"EmptyName", &actionv3alpha.PatchTarget{Name: proto.String("")}, "", "PatchTargetRequest.target.name"},
		{"KeyThatExpiresLater", &actionv3alpha.PatchTarget{ExpirationSigningKey: durationpb.New(time.Hour)}, "", "PatchTargetRequest.target.expiration_signing_key"},
		{"NoPatch", nil, "", "PatchTargetRequest.target"},
	}
	for _, tt := range refusals {
		t.Run("Refuses"+tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := as(t)
			_, err := w.PatchTarget(ctx, &actionv3alpha.PatchTargetRequest{Id: w.create(ctx, t).GetDetails().GetId(), Target: tt.patch})
			wantFault(t, err, fault.CodeInvalid, tt.id, tt.field, tt.id)
		})
	}
	t.Run("OfAnotherTenantsTargetIsNotFound", func(t *testing.T) {
		t.Parallel()
		for _, id := range []string{w.create(as(t), t).GetDetails().GetId(), "42", "nobody\x00"} {
			_, err := w.PatchTarget(as(t), &actionv3alpha.PatchTargetRequest{Id: id, Target: &actionv3alpha.PatchTarget{Name: proto.String("mine")}})
			wantFault(t, err, fault.CodeNotFound, "COMMAND-xj14f2cccn", "Target not found (COMMAND-xj14f2cccn)")
		}
	})
}
