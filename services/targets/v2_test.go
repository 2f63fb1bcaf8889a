package targets_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	actionv2beta "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2beta"
	filterv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/filter/v2"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
)

// TestV2 is about what v2 alone has; that it shows the same targets as the
// others is the model's to say.
func TestV2(t *testing.T) {
	t.Parallel()
	w := setup(t)
	valid := seen{name: "billing", kind: callInterrupt, timeout: 10 * time.Second, endpoint: "https://example.com/hook"}

	t.Run("KeepsThePayloadTypeThroughEveryVersion", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		in := requestV2(valid)
		in.PayloadType = actionv2.PayloadType_PAYLOAD_TYPE_JWT
		created, err := w.v2.CreateTarget(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		id := created.GetId()
		want := func(payload actionv2.PayloadType) {
			t.Helper()
			got, err := w.v2.GetTarget(ctx, &actionv2.GetTargetRequest{Id: id})
			if err != nil || got.GetTarget().GetPayloadType() != payload || w.profile(ctx, t, id).GetPayloadType() != targetsv1.PayloadType(payload) {
				t.Errorf("got %v, %v, want %v", got, err, payload)
			}
		}
		want(actionv2.PayloadType_PAYLOAD_TYPE_JWT)
		w.patch(ctx, t, id, &actionv3alpha.PatchTarget{Name: proto.String("b")})
		if _, err := w.v2beta.UpdateTarget(ctx, &actionv2beta.UpdateTargetRequest{Id: id, Name: proto.String("c")}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.v2.UpdateTarget(ctx, &actionv2.UpdateTargetRequest{Id: id, Name: proto.String("d")}); err != nil {
			t.Fatal(err)
		}
		want(actionv2.PayloadType_PAYLOAD_TYPE_JWT)
		if _, err := w.v2.UpdateTarget(ctx, &actionv2.UpdateTargetRequest{Id: id, PayloadType: actionv2.PayloadType_PAYLOAD_TYPE_JSON}); err != nil {
			t.Fatal(err)
		}
		want(actionv2.PayloadType_PAYLOAD_TYPE_JSON)
	})
	t.Run("IsJSONUnlessAsked", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		for name, v := range w.versions() {
			id, _, err := v.create(ctx, valid)
			if err != nil {
				t.Fatal(err)
			}
			if p := w.profile(ctx, t, id); p.GetPayloadType() != targetsv1.PayloadType_PAYLOAD_TYPE_JSON || p.GetWebKey() != nil {
				t.Errorf("%s: got %v", name, p.GetPayloadType())
			}
		}
	})
	t.Run("HasFieldsThatV2betaDoesNotKnow", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		in := &actionv2beta.CreateTargetRequest{
			Name: "b", Endpoint: "nats://a", Timeout: durationpb.New(time.Second),
			TargetType: &actionv2beta.CreateTargetRequest_RestAsync{RestAsync: &actionv2beta.RESTAsync{}},
		}
		unknown(in, 7<<3, 2) // payload_type, as v2 numbers it
		created, err := w.v2beta.CreateTarget(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.v2beta.GetTarget(ctx, &actionv2beta.GetTargetRequest{Id: created.GetId()})
		if err != nil || len(got.GetTarget().ProtoReflect().GetUnknown()) != 0 || w.profile(ctx, t, created.GetId()).GetPayloadType() != targetsv1.PayloadType_PAYLOAD_TYPE_JSON {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("TakesLongerEndpointsThanItsPredecessors", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		long := valid
		long.endpoint = "https://example.com/" + strings.Repeat("a", 2048-len("https://example.com/"))
		if _, _, err := w.versions()["v2"].create(ctx, long); err != nil {
			t.Error(err)
		}
		for _, name := range []string{"v3alpha", "v2beta"} {
			_, _, err := w.versions()[name].create(ctx, long)
			wantFault(t, err, fault.CodeInvalid, "", "endpoint", "1000")
		}
		long.endpoint += "a"
		_, _, err := w.versions()["v2"].create(ctx, long)
		wantFault(t, err, fault.CodeInvalid, "", "endpoint", "2048")
	})
	t.Run("DeletesWhatIsNotThere", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.create(ctx, t).GetDetails().GetId()
		first, err := w.v2.DeleteTarget(ctx, &actionv2.DeleteTargetRequest{Id: id})
		if err != nil || first.GetDeletionDate() == nil {
			t.Errorf("got %v, %v", first, err)
		}
		again, err := w.v2.DeleteTarget(ctx, &actionv2.DeleteTargetRequest{Id: id})
		if err != nil || again.GetDeletionDate() != nil {
			t.Errorf("got %v, %v", again, err)
		}
		_, err = w.v2.GetTarget(ctx, &actionv2.GetTargetRequest{Id: id})
		wantFault(t, err, fault.CodeNotFound, "QUERY-t4rg3tg0ne")
	})
	t.Run("ListsTheLastFirst", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		var ids []string
		for range 3 {
			ids = append(ids, w.create(ctx, t).GetDetails().GetId())
		}
		list := func(in *actionv2.ListTargetsRequest) (got []string) {
			t.Helper()
			out, err := w.v2.ListTargets(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			if p := out.GetPagination(); p.GetTotalResult() != 3 || p.GetAppliedLimit() != 100 {
				t.Errorf("got %v", p)
			}
			for _, found := range out.GetTargets() {
				got = append(got, found.GetId())
			}
			return got
		}
		back := slices.Clone(ids)
		slices.Reverse(back)
		byID := actionv2.TargetFieldName_TARGET_FIELD_NAME_ID.Enum()
		if got := list(&actionv2.ListTargetsRequest{}); !slices.Equal(got, back) {
			t.Errorf("got %v, want %v", got, back)
		}
		if got := list(&actionv2.ListTargetsRequest{SortingColumn: byID, Pagination: &filterv2.PaginationRequest{Asc: true}}); !slices.Equal(got, ids) {
			t.Errorf("got %v, want %v", got, ids)
		}
	})
	t.Run("RefusesTooLargeALimit", func(t *testing.T) {
		t.Parallel()
		_, err := w.v2.ListTargets(as(t), &actionv2.ListTargetsRequest{Pagination: &filterv2.PaginationRequest{Limit: 1001}})
		wantFault(t, err, fault.CodeInvalid, "QUERY-4M0fs", "pagination.limit", "1000")
	})
}
