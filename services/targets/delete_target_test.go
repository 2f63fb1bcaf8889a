package targets_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/fault"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
)

func TestDeleteTarget(t *testing.T) {
	t.Parallel()
	w := setup(t)

	t.Run("ForgetsTargetAndKeysAndSaysSo", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		created := w.create(ctx, t).GetDetails()
		changes := w.changes(ctx, t)
		out, err := w.DeleteTarget(ctx, &actionv3alpha.DeleteTargetRequest{Id: created.GetId()})
		if err != nil {
			t.Fatal(err)
		}
		wantChange(t, changes, changesv1.Operation_OPERATION_DELETED, created.GetId())
		d := out.GetDetails()
		if d.GetId() != created.GetId() || !proto.Equal(d.GetCreated(), created.GetCreated()) || !d.GetChanged().AsTime().After(created.GetChanged().AsTime()) {
			t.Errorf("got %v", d)
		}
		_, err = w.GetTarget(ctx, &actionv3alpha.GetTargetRequest{Id: created.GetId()})
		wantFault(t, err, fault.CodeNotFound, "QUERY-t4rg3tg0ne", "Target not found")
		_, err = w.internal.GetSendingProfile(ctx, &targetsv1.GetSendingProfileRequest{TargetId: created.GetId()})
		wantFault(t, err, fault.CodeNotFound, "QUERY-t4rg3tg0ne")
		_, err = w.DeleteTarget(ctx, &actionv3alpha.DeleteTargetRequest{Id: created.GetId()})
		wantFault(t, err, fault.CodeNotFound, "COMMAND-k4s7ucu0ax", "Target not found (COMMAND-k4s7ucu0ax)")
	})
	t.Run("OfAnotherTenantsTargetIsNotFound", func(t *testing.T) {
		t.Parallel()
		owner := as(t)
		id := w.create(owner, t).GetDetails().GetId()
		_, err := w.DeleteTarget(as(t), &actionv3alpha.DeleteTargetRequest{Id: id})
		wantFault(t, err, fault.CodeNotFound, "COMMAND-k4s7ucu0ax")
		w.get(owner, t, id)
	})
	t.Run("WithoutAnIDIsRefused", func(t *testing.T) {
		t.Parallel()
		_, err := w.DeleteTarget(as(t), &actionv3alpha.DeleteTargetRequest{})
		wantFault(t, err, fault.CodeInvalid, "", "DeleteTargetRequest.id")
	})
}
