package targets_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	objectv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/object/v3alpha"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
)

func TestCreateTarget(t *testing.T) {
	t.Parallel()
	w := setup(t)

	t.Run("AnswersWithDetailsAndKey", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		out := w.create(ctx, t)
		d := out.GetDetails()
		if !snowflake.MatchString(d.GetId()) || !signingKey.MatchString(out.GetSigningKey()) {
			t.Errorf("id %q, key of %d characters", d.GetId(), len(out.GetSigningKey()))
		}
		if !proto.Equal(d.GetCreated(), d.GetChanged()) || d.GetCreated().AsTime().Year() < 2024 {
			t.Errorf("created %v, changed %v", d.GetCreated(), d.GetChanged())
		}
		if o := d.GetOwner(); o.GetType() != objectv3alpha.OwnerType_OWNER_TYPE_INSTANCE || o.GetId() != string(tenant.From(ctx).Tenant) {
			t.Errorf("owner %v", o)
		}
	})
	t.Run("IsKnownEverywhereAtOnce", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		changes := w.changes(ctx, t)
		out := w.create(ctx, t)
		id := out.GetDetails().GetId()
		wantChange(t, changes, changesv1.Operation_OPERATION_CREATED, id)

		got := w.get(ctx, t, id)
		if !proto.Equal(got.GetConfig(), webhook()) || !proto.Equal(got.GetDetails(), out.GetDetails()) || got.GetSigningKey() != out.GetSigningKey() {
			t.Errorf("got %v", got)
		}
		snapshots, err := w.internal.GetTargetSnapshots(ctx, &targetsv1.GetTargetSnapshotsRequest{Ids: []string{id, id, "1", "x"}})
		want := &targetsv1.TargetSnapshot{
			Id: id, Name: "billing", Kind: targetsv1.Kind_KIND_WEBHOOK, Endpoint: "https://example.com/hook",
			Timeout: durationpb.New(10 * time.Second), InterruptOnError: true, Version: 1,
		}
		if err != nil || len(snapshots.GetTargets()) != 1 || !proto.Equal(snapshots.GetTargets()[0], want) {
			t.Errorf("got %v, %v", snapshots, err)
		}
		if keys := w.keys(ctx, t, id); len(keys) != 1 || keys[0] != out.GetSigningKey() {
			t.Errorf("%d keys", len(keys))
		}
	})
	t.Run("NamesNeedNotBeUnique", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		if a, b := w.create(ctx, t), w.create(ctx, t); a.GetDetails().GetId() == b.GetDetails().GetId() || a.GetSigningKey() == b.GetSigningKey() {
			t.Error("two targets are alike")
		}
	})
	t.Run("KeepsTheSigningKeyEncrypted", func(t *testing.T) {
		t.Parallel()
		out := w.create(as(t), t)
		var kept string
		err := w.db.QueryRow(t.Context(), `SELECT encode(ciphertext, 'escape') FROM signing_keys WHERE target_id = $1`, out.GetDetails().GetId()).Scan(&kept)
		if err != nil || kept == "" || strings.Contains(kept, out.GetSigningKey()) {
			t.Errorf("kept %q, %v", kept, err)
		}
	})

	refusals := []struct {
		name   string
		change func(*actionv3alpha.Target)
		id     string
		field  string
	}{
		{"WithoutTimeout", func(m *actionv3alpha.Target) { m.Timeout = nil }, "COMMAND-39f35d8uri", "timeout"},
		{"WithZeroTimeout", func(m *actionv3alpha.Target) { m.Timeout = &durationpb.Duration{} }, "COMMAND-39f35d8uri", "timeout"},
		{"WithTooLongATimeout", func(m *actionv3alpha.Target) { m.Timeout = durationpb.New(271 * time.Second) }, "", "CreateTargetRequest.target.timeout"},
		{"WithBadEndpoint", func(m *actionv3alpha.Target) { m.Endpoint = "example.com" }, "COMMAND-1r2k6qo6wg", "endpoint"},
		{"WithoutEndpoint", func(m *actionv3alpha.Target) { m.Endpoint = "" }, "", "CreateTargetRequest.target.endpoint"},
		{"WithoutName", func(m *actionv3alpha.Target) { m.Name = "" }, "", "CreateTargetRequest.target.name"},
		{"WithoutType", func(m *actionv3alpha.Target) { m.TargetType = nil }, "", "CreateTargetRequest.target.target_type"},
	}
	for _, tt := range refusals {
		t.Run("Refuses"+tt.name, func(t *testing.T) {
			t.Parallel()
			m := webhook()
			tt.change(m)
			_, err := w.CreateTarget(as(t), &actionv3alpha.CreateTargetRequest{Target: m})
			wantFault(t, err, fault.CodeInvalid, tt.id, tt.field, tt.id)
		})
	}
}
