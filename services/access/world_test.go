package access_test

import (
	"context"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access"
)

// world is a bundle with two replicas, seen through the public API as the edge
// speaks it: whoever calls was authenticated before.
type world struct {
	*bundle
	*actionplanev1.OrganizationServiceBusClient
	*actionplanev1.PersonServiceBusClient
	*actionplanev1.MemberServiceBusClient
	*actionplanev1.TokenServiceBusClient
	*actionplanev1.IssuerServiceBusClient
}

func newWorld(t testing.TB, edits ...func(*access.Config)) *world {
	t.Helper()
	b := setup(t)
	cfg := configured()
	for _, edit := range edits {
		edit(&cfg)
	}
	b.start(t, cfg)
	b.start(t, cfg)
	if _, err := b.authenticate(t, adminToken, ""); err != nil {
		t.Fatal(err)
	}
	conn := b.server.Connect(t, "edge")
	return &world{
		bundle:                       b,
		OrganizationServiceBusClient: actionplanev1.NewOrganizationServiceBusClient(conn),
		PersonServiceBusClient:       actionplanev1.NewPersonServiceBusClient(conn),
		MemberServiceBusClient:       actionplanev1.NewMemberServiceBusClient(conn),
		TokenServiceBusClient:        actionplanev1.NewTokenServiceBusClient(conn),
		IssuerServiceBusClient:       actionplanev1.NewIssuerServiceBusClient(conn),
	}
}

// as returns a context of who shows a token, about an organization; "" is his
// own.
func (w *world) as(t testing.TB, token, organization string) context.Context {
	t.Helper()
	p, err := w.authenticate(t, token, organization)
	if err != nil {
		t.Fatalf("authenticate: %v", err)
	}
	return w.with(t, p)
}

// with returns a context of a principal.
func (w *world) with(t testing.TB, p *accessv1.Principal) context.Context {
	return tenant.With(t.Context(), tenant.Identity{
		Tenant:       tenant.ID(p.GetTenant()),
		Organization: tenant.OrganizationID(p.GetOrganizationId()),
		Person:       tenant.PersonID(p.GetPersonId()),
		Roles:        p.GetRoles(),
	})
}

// owner returns a context of the instance owner.
func (w *world) owner(t testing.TB) context.Context { return w.as(t, adminToken, organization) }

// human makes a human with roles in an organization that is his own, and
// returns his id.
func (w *world) human(t testing.TB, in, name string, roles ...string) string {
	t.Helper()
	return w.person(t, in, name, name+"@example.com", roles...)
}

// person makes a person with roles in an organization that is his own.
func (w *world) person(t testing.TB, in, name, email string, roles ...string) string {
	t.Helper()
	ctx := w.as(t, adminToken, in)
	out, err := w.CreatePerson(ctx, &actionplanev1.CreatePersonRequest{OrganizationId: in, Name: name, Email: email})
	if err != nil {
		t.Fatal(err)
	}
	id := out.GetPerson().GetId()
	if len(roles) > 0 {
		if _, err := w.SetMember(ctx, &actionplanev1.SetMemberRequest{OrganizationId: in, PersonId: id, Roles: roles}); err != nil {
			t.Fatal(err)
		}
	}
	return id
}

// token makes a token for a person, and returns its secret.
func (w *world) token(t testing.TB, in, person string) string {
	t.Helper()
	out, err := w.CreateToken(w.as(t, adminToken, in), &actionplanev1.CreateTokenRequest{OrganizationId: in, PersonId: person, Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return out.GetSecret()
}

// member returns a context of a new human with roles in an organization, which
// the call is about.
func (w *world) member(t testing.TB, in, name string, roles ...string) context.Context {
	t.Helper()
	return w.as(t, w.token(t, in, w.human(t, in, name, roles...)), in)
}

// organization makes one.
func (w *world) organization(t testing.TB, name string) string {
	t.Helper()
	out, err := w.CreateOrganization(w.owner(t), &actionplanev1.CreateOrganizationRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return out.GetOrganization().GetId()
}

// wantCode checks the code of an error, and what its text holds.
func wantCode(t testing.TB, err error, code fault.Code, text string) {
	t.Helper()
	if fault.CodeOf(err) != code || err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v, want code %d and %q", err, code, text)
	}
}

// each returns a field of every element.
func each[A, B any](list []A, of func(A) B) []B {
	var out []B
	for _, a := range list {
		out = append(out, of(a))
	}
	return out
}
