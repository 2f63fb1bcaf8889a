package approvals_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/wirejson"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
)

func TestList(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mfa, other := b.register(t, fine), b.register(t, fine)
	o := b.gated(t, 1)
	list := func(in *dynamicv0.ListAdminActionRequestsRequest) *dynamicv0.AdminActionList {
		t.Helper()
		in.OrganizationId = string(o.id)
		out, err := b.actions.ListAdminActionRequests(o.as(t), in)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}

	// An empty list is a list, and zeros are there: vendors' clients map over it.
	text, err := wirejson.Default().Marshal(list(&dynamicv0.ListAdminActionRequestsRequest{Status: "denied"}))
	var shape map[string]any
	if err != nil || json.Unmarshal(text, &shape) != nil || len(shape) != 3 || shape["items"] == nil || shape["total"] != 0.0 || shape["pendingCount"] != 0.0 {
		t.Errorf("got %s, %v", text, err)
	}

	var ids []string
	for _, payload := range []string{`{"n":1}`, `{"n":2}`, `{"n":3,"password":"s3cret","hidden":{"a":1},"list":[{"pin":7}]}`} {
		ids = append(ids, o.submit(o.as(t), t, mfa, payload).GetId())
	}
	ids = append(ids, o.submit(o.as(t), t, other, `{}`).GetId())
	slices.Reverse(ids)
	if _, err := o.deny(o.as(t), ids[3]); err != nil {
		t.Fatal(err)
	}
	got := func(l *dynamicv0.AdminActionList) (found []string) {
		for _, r := range l.GetItems() {
			found = append(found, r.GetId())
		}
		return found
	}
	all := list(&dynamicv0.ListAdminActionRequestsRequest{Limit: 4}) // the switch itself is in the records, too, sooner or later
	if !slices.Equal(got(all), ids) || all.GetPendingCount() != 3 {
		t.Errorf("got %v, want %v", got(all), ids)
	}
	if p := list(&dynamicv0.ListAdminActionRequestsRequest{Status: "pending", Offset: 1, Limit: 1}); !slices.Equal(got(p), ids[1:2]) || p.GetTotal() != 3 {
		t.Errorf("page: %v of %d", got(p), p.GetTotal())
	}
	if p := list(&dynamicv0.ListAdminActionRequestsRequest{ActionType: other}); !slices.Equal(got(p), ids[:1]) {
		t.Errorf("by type: %v", got(p))
	}
	if p := list(&dynamicv0.ListAdminActionRequestsRequest{Status: "denied"}); !slices.Equal(got(p), ids[3:]) {
		t.Errorf("by status: %v", got(p))
	}
	if shown := string(all.GetItems()[1].GetActionPayload()); strings.Contains(shown, "s3cret") || strings.Contains(shown, "7") || !strings.Contains(shown, `"n":3`) {
		t.Errorf("shown: %s", shown)
	}
	_, err = b.actions.ListAdminActionRequests(o.as(t), &dynamicv0.ListAdminActionRequestsRequest{OrganizationId: string(o.id), Status: "canceled"})
	if fault.CodeOf(err) != fault.CodeInvalid {
		t.Errorf("got %v", err)
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, id := range []string{"a", "b"} {
		b.access.describe(owner(strings.Repeat(id, 8) + "-0000-4000-8000-00000000000" + id))
	}
	o := b.gated(t, 2)
	const method = "/dynamic.v0.OrganizationSettingsService/UpdateOrganizationSettings"
	me := "aaaaaaaa-0000-4000-8000-00000000000a"
	out, err := b.more.DryRun(o.who(t, me), &actionplanev1.DryRunRequest{OrganizationId: string(o.id), Method: method})
	if err != nil || !out.GetGated() || out.GetRequiredApprovals() != 2 || out.GetReachable() || len(out.GetEligibleReviewers()) != 1 {
		t.Errorf("got %v, %v", out, err)
	}
	out, err = b.more.DryRun(o.who(t, me), &actionplanev1.DryRunRequest{OrganizationId: string(o.id), Method: "/x.Y/Z"})
	if err != nil || out.GetGated() {
		t.Errorf("got %v, %v", out, err)
	}
	_, err = b.more.DryRun(o.who(t, me), &actionplanev1.DryRunRequest{OrganizationId: string(o.id), ActionType: "nobodys"})
	wantRefusal(t, err, 404, "UNKNOWN_ACTION_TYPE")
}
