package access_test

import (
	"context"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/changefeed"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

// TestFeed holds that every change is told, with whose roles and tokens it
// touches, and that what changes nothing is not.
func TestFeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.owner(t)
	me, err := w.GetMe(owner, &actionplanev1.GetMeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	feed, ready := make(chan *changesv1.Change, 100), make(chan struct{})
	conn := w.server.Connect(t, "follower")
	bustest.Run(t, func(ctx context.Context) error {
		return changefeed.Follow(ctx, conn, func(uint64) { close(ready) }, func(_ uint64, c *changesv1.Change) { feed <- c })
	})
	<-ready
	next := func(resource, id string, op changesv1.Operation) {
		t.Helper()
		select {
		case c := <-feed:
			if c.GetResource() != resource || id != "" && c.GetId() != id || c.GetOperation() != op || c.GetPersonId() != me.GetPerson().GetId() {
				t.Errorf("got %v, want %s %s %s", c, resource, id, op)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s %s was not told", resource, op)
		}
	}

	in := w.organization(t, "told")
	next("organization", in, changesv1.Operation_OPERATION_CREATED)
	id := w.human(t, in, "teller", "ORG_VIEWER")
	next("person", id, changesv1.Operation_OPERATION_CREATED)
	next("member", id, changesv1.Operation_OPERATION_CHANGED)
	made, err := w.CreateToken(w.as(t, adminToken, in), &actionplanev1.CreateTokenRequest{OrganizationId: in, PersonId: id, Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	next("token", id, changesv1.Operation_OPERATION_CREATED)
	for range 2 { // the second changes nothing
		_, err = w.SetMember(w.as(t, adminToken, in), &actionplanev1.SetMemberRequest{OrganizationId: in, PersonId: id, Roles: []string{"ORG_ADMIN"}})
		if err != nil {
			t.Fatal(err)
		}
	}
	next("member", id, changesv1.Operation_OPERATION_CHANGED)
	_, err = w.RevokeToken(w.as(t, adminToken, in), &actionplanev1.RevokeTokenRequest{OrganizationId: in, PersonId: id, TokenId: made.GetToken().GetId()})
	if err != nil {
		t.Fatal(err)
	}
	next("token", id, changesv1.Operation_OPERATION_DELETED)
	if _, err := w.DeactivatePerson(owner, &actionplanev1.DeactivatePersonRequest{OrganizationId: in, PersonId: id}); err == nil {
		next("person", id, changesv1.Operation_OPERATION_CHANGED)
	}
	for range 2 {
		if _, err := w.DeactivateOrganization(owner, &actionplanev1.DeactivateOrganizationRequest{OrganizationId: in}); err != nil {
			t.Fatal(err)
		}
	}
	next("organization", in, changesv1.Operation_OPERATION_CHANGED)
	if _, err := w.DeleteOrganization(owner, &actionplanev1.DeleteOrganizationRequest{OrganizationId: in}); err != nil {
		t.Fatal(err)
	}
	next("organization", in, changesv1.Operation_OPERATION_DELETED)
}
