package targets_test

import (
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
)

func TestGetTarget(t *testing.T) {
	t.Parallel()
	w := setup(t)

	t.Run("OfAnotherTenantIsNotFound", func(t *testing.T) {
		t.Parallel()
		id := w.create(as(t), t).GetDetails().GetId()
		stranger := as(t)
		_, err := w.GetTarget(stranger, &actionv3alpha.GetTargetRequest{Id: id})
		wantFault(t, err, fault.CodeNotFound, "QUERY-t4rg3tg0ne", "Target not found (QUERY-t4rg3tg0ne)")
		_, err = w.internal.GetSendingProfile(stranger, &targetsv1.GetSendingProfileRequest{TargetId: id})
		wantFault(t, err, fault.CodeNotFound, "QUERY-t4rg3tg0ne")
		out, err := w.internal.GetTargetSnapshots(stranger, &targetsv1.GetTargetSnapshotsRequest{Ids: []string{id}})
		if err != nil || len(out.GetTargets()) != 0 {
			t.Errorf("got %v, %v", out, err)
		}
	})
	t.Run("WithWhatCannotBeAnIDIsNotFound", func(t *testing.T) {
		t.Parallel()
		for _, id := range []string{"x", "007", "1\x00"} {
			_, err := w.GetTarget(as(t), &actionv3alpha.GetTargetRequest{Id: id})
			wantFault(t, err, fault.CodeNotFound, "QUERY-t4rg3tg0ne")
		}
	})
	t.Run("SaysSoWhenTheKeyCannotBeDecrypted", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		mine, other := w.create(ctx, t).GetDetails().GetId(), w.create(ctx, t).GetDetails().GetId()
		_, err := w.db.Exec(ctx, `UPDATE signing_keys SET ciphertext = (SELECT ciphertext FROM signing_keys WHERE target_id = $2) WHERE target_id = $1`, mine, other)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.GetTarget(ctx, &actionv3alpha.GetTargetRequest{Id: mine})
		wantFault(t, err, fault.CodeInternal, "EXEC-thiiCh5b", mine)
		_, err = w.internal.GetSendingProfile(ctx, &targetsv1.GetSendingProfileRequest{TargetId: mine})
		wantFault(t, err, fault.CodeInternal, "EXEC-thiiCh5b", mine)
	})
}
