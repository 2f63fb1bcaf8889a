package access_test

import (
	"context"
	"crypto/sha256"
	"testing"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	approvalsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/approvals/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

// TestGate has approvals required of everybody.
func TestGate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.owner(t)
	id := w.newPerson(t)
	change := func(roles ...string) *actionplanev1.SetMemberRequest {
		return &actionplanev1.SetMemberRequest{OrganizationId: organization, PersonId: id, Roles: roles}
	}
	w.approvals.On.Store(true)

	// queued makes a call that must wait, and returns what waits.
	queued := func(t *testing.T, call func(context.Context) error) *approvalsv1.Change {
		t.Helper()
		if err := call(owner); !isRefused(err, approval.ReasonRequired) {
			t.Fatalf("got %v", err)
		}
		return <-w.approvals.Submitted
	}

	c := queued(t, func(ctx context.Context) error { _, err := w.SetMember(ctx, change("ORG_VIEWER")); return err })
	none := `{"email":"` + id + `@example.com","id":"` + id + `","name":"Somebody","roles":null}`
	if string(c.GetPreviousState()) != none || c.GetTargetEntityId() != id || c.GetTargetEntityType() != "member" {
		t.Errorf("got %v", c)
	}
	if want := `{"email":"` + id + `@example.com","id":"` + id + `","name":"Somebody","roles":["ORG_VIEWER"]}`; string(c.GetNextState()) != want {
		t.Errorf("got %s", c.GetNextState())
	}
	if n := w.count(t, "memberships WHERE person_id = '"+id+"'"); n != 0 {
		t.Error("the change did not wait")
	}

	approved := bus.WithApproval(owner, ident.NewUUID())
	sum := sha256.Sum256([]byte(none))
	w.approvals.Previous.Store(new(sum[:]))
	if _, err := w.SetMember(approved, change("ORG_VIEWER")); err != nil {
		t.Error(err)
	}
	if _, err := w.SetMember(approved, change("ORG_VIEWER")); !isRefused(err, approval.ReasonApplied) {
		t.Errorf("twice: got %v", err)
	}
	_, err := w.SetMember(bus.WithApproval(owner, ident.NewUUID()), change("ORG_OWNER"))
	if !isRefused(err, approval.ReasonDrift) {
		t.Errorf("asked for before he was a viewer: got %v", err)
	}
	if n := w.count(t, "memberships WHERE person_id = '"+id+"'"); n != 1 {
		t.Errorf("%d roles", n)
	}

	c = queued(t, func(ctx context.Context) error {
		_, err := w.DeactivatePerson(ctx, &actionplanev1.DeactivatePersonRequest{OrganizationId: organization, PersonId: id})
		return err
	})
	want := `{"email":"` + id + `@example.com","id":"` + id + `","kind":"human","name":"Somebody",` +
		`"roles":[{"organization":"` + organization + `","roles":["ORG_VIEWER"]}],"state":"inactive"}`
	if string(c.GetNextState()) != want {
		t.Errorf("got %s", c.GetNextState())
	}
	token := func(person string) error {
		_, err := w.CreateToken(owner, &actionplanev1.CreateTokenRequest{OrganizationId: organization, PersonId: person, Name: "now"})
		return err
	}
	fresh := w.newPerson(t)
	w.exec(t, `DELETE FROM tokens WHERE person_id = $1`, fresh)
	if err := token(fresh); err != nil {
		t.Errorf("a token, which nobody would be shown later: %v", err)
	}
	w.exec(t, `UPDATE tokens SET revoked_at = now() WHERE person_id = $1`, fresh)
	for _, person := range []string{id, fresh} {
		wantCode(t, token(person), fault.CodeFailedPrecondition, "makes tokens himself")
	}
}

func isRefused(err error, reason string) bool {
	f, ok := fault.As(err)
	return ok && f.Reason == reason
}
