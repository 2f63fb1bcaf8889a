package access_test

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/role"
)

func TestMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.owner(t)

	t.Run("GetRolesReplaceThemAndLoseThem", func(t *testing.T) {
		t.Parallel()
		in := w.organization(t, "roles")
		id := w.human(t, in, "roly")
		set := func(roles ...string) []string {
			out, err := w.SetMember(w.as(t, adminToken, in), &actionplanev1.SetMemberRequest{OrganizationId: in, PersonId: id, Roles: roles})
			if err != nil || out.GetMember().GetPersonId() != id || out.GetMember().GetCreatedAt() == nil {
				t.Fatalf("got %v, %v", out, err)
			}
			return out.GetMember().GetRoles()
		}
		if got := set("ORG_OWNER_VIEWER", "ORG_ADMIN", "ORG_VIEWER"); !slices.Equal(got, []string{"ORG_ADMIN", "ORG_VIEWER"}) {
			t.Errorf("got %v", got)
		}
		if got := set("ORG_DEVELOPER"); !slices.Equal(got, []string{"ORG_DEVELOPER"}) {
			t.Errorf("got %v", got)
		}
		list := func() []string {
			out, err := w.ListMembers(owner, &actionplanev1.ListMembersRequest{OrganizationId: in, Query: "rol"})
			if err != nil || int(out.GetTotal()) != len(out.GetMembers()) {
				t.Fatalf("got %v, %v", out, err)
			}
			return each(out.GetMembers(), (*actionplanev1.Member).GetPersonId)
		}
		if got := list(); !slices.Equal(got, []string{id}) {
			t.Errorf("got %v", got)
		}
		for range 2 { // again does no harm
			if _, err := w.RemoveMember(w.as(t, adminToken, in), &actionplanev1.RemoveMemberRequest{OrganizationId: in, PersonId: id}); err != nil {
				t.Fatal(err)
			}
		}
		if got := list(); len(got) > 0 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("OfTheInstanceAreListedApart", func(t *testing.T) {
		t.Parallel()
		id := w.human(t, organization, "inspector")
		if _, err := w.SetInstanceMember(owner, &actionplanev1.SetInstanceMemberRequest{PersonId: id, Roles: []string{"IAM_OWNER_VIEWER"}}); err != nil {
			t.Fatal(err)
		}
		out, err := w.ListInstanceMembers(owner, &actionplanev1.ListInstanceMembersRequest{Query: "inspector"})
		if err != nil || out.GetTotal() != 1 || !slices.Equal(out.GetMembers()[0].GetRoles(), []string{"IAM_OWNER_VIEWER"}) {
			t.Errorf("got %v, %v", out, err)
		}
	})
	t.Run("HoldNoRolesThatAreNoneHere", func(t *testing.T) {
		t.Parallel()
		id := w.human(t, organization, "wannabe")
		for _, name := range []string{"IAM_OWNER", "ORG_KING", "org_owner", "ORG_SETTINGS_MANAGER"} {
			_, err := w.SetMember(owner, &actionplanev1.SetMemberRequest{OrganizationId: organization, PersonId: id, Roles: []string{"ORG_VIEWER", name}})
			wantCode(t, err, fault.CodeInvalid, "roles[1]")
		}
		_, err := w.SetInstanceMember(owner, &actionplanev1.SetInstanceMemberRequest{PersonId: id, Roles: []string{"ORG_OWNER"}})
		wantCode(t, err, fault.CodeInvalid, "roles[0]")
		_, err = w.SetMember(owner, &actionplanev1.SetMemberRequest{OrganizationId: organization, PersonId: ident.NewUUID(), Roles: []string{"ORG_VIEWER"}})
		wantCode(t, err, fault.CodeNotFound, "person not found")
	})
	t.Run("GrantNothingAboveThemselves", func(t *testing.T) {
		t.Parallel()
		in := w.organization(t, "lattice")
		callers := map[string]context.Context{
			"owner": w.member(t, in, "l-owner", "ORG_OWNER"),
			"admin": w.member(t, in, "l-admin", "ORG_ADMIN"),
		}
		manager := w.human(t, in, "l-manager")
		if _, err := w.SetInstanceMember(owner, &actionplanev1.SetInstanceMemberRequest{PersonId: manager, Roles: []string{"IAM_ORG_MANAGER"}}); err != nil {
			t.Fatal(err)
		}
		callers["manager"] = w.as(t, w.token(t, in, manager), in)
		for who, mayGive := range map[string][]string{
			"owner":   {"ORG_OWNER", "ORG_ADMIN", "ORG_DEVELOPER", "ORG_VIEWER"},
			"admin":   {"ORG_ADMIN", "ORG_DEVELOPER", "ORG_VIEWER"},
			"manager": {"ORG_DEVELOPER", "ORG_VIEWER"},
		} {
			for _, name := range []string{"ORG_OWNER", "ORG_ADMIN", "ORG_DEVELOPER", "ORG_VIEWER"} {
				id := w.human(t, in, who+"-"+name)
				_, err := w.SetMember(callers[who], &actionplanev1.SetMemberRequest{OrganizationId: in, PersonId: id, Roles: []string{name}})
				if slices.Contains(mayGive, name) {
					if err != nil {
						t.Errorf("%s gives %s: %v", who, name, err)
					}
					continue
				}
				wantCode(t, err, fault.CodePermissionDenied, "AUTH-R0l3s")
				// Nor may he take what he may not give.
				holder := w.human(t, in, who+"-holds-"+name, name)
				_, err = w.RemoveMember(callers[who], &actionplanev1.RemoveMemberRequest{OrganizationId: in, PersonId: holder})
				wantCode(t, err, fault.CodePermissionDenied, "AUTH-R0l3s")
			}
		}
	})
	t.Run("OfOneOrganizationGrantNothingInAnother", func(t *testing.T) {
		t.Parallel()
		here, there := w.organization(t, "here"), w.organization(t, "there")
		ctx, id := w.member(t, here, "imperialist", "ORG_OWNER"), w.human(t, there, "native")
		// The edge asks for the permission there; should it ever not, this does.
		_, err := w.SetMember(ctx, &actionplanev1.SetMemberRequest{OrganizationId: there, PersonId: id, Roles: []string{"ORG_VIEWER"}})
		wantCode(t, err, fault.CodePermissionDenied, "AUTH-R0l3s")
		_, err = w.SetInstanceMember(ctx, &actionplanev1.SetInstanceMemberRequest{PersonId: id, Roles: []string{"IAM_OWNER_VIEWER"}})
		wantCode(t, err, fault.CodePermissionDenied, "AUTH-R0l3s")
	})
	t.Run("ReadWhatEveryRoleGrants", func(t *testing.T) {
		t.Parallel()
		out, err := w.ListRoles(owner, &actionplanev1.ListRolesRequest{})
		if err != nil || len(out.GetRoles()) != len(role.All()) {
			t.Fatalf("got %v, %v", out, err)
		}
		for _, r := range out.GetRoles() {
			if len(r.GetPermissions()) == 0 || r.GetName() == "ORG_VIEWER" != (len(r.GetAliases()) == 1) {
				t.Errorf("got %v", r)
			}
		}
	})
}

// TestNobodyGainsWhatHeLacks lets random people of an organization change each
// other's roles. Whatever they do, none of them comes to hold a permission that
// the one who gave it did not hold.
func TestNobodyGainsWhatHeLacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := w.organization(t, "anarchy")
	var ids []string
	for _, name := range []string{"p1", "p2", "p3", "p4"} {
		ids = append(ids, w.human(t, in, name))
	}
	names := []string{"ORG_OWNER", "ORG_ADMIN", "ORG_DEVELOPER", "ORG_VIEWER", "ORG_OWNER_VIEWER"}
	rapid.Check(t, func(r *rapid.T) {
		held := map[string][]string{}
		for _, id := range ids { // as the instance owner wants it
			held[id] = rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 2, rapid.ID[string]).Draw(r, "held")
			if _, err := w.SetMember(w.as(t, adminToken, in), &actionplanev1.SetMemberRequest{OrganizationId: in, PersonId: id, Roles: held[id]}); err != nil {
				r.Fatal(err)
			}
		}
		for range rapid.IntRange(1, 4).Draw(r, "steps") {
			who, whom := rapid.SampledFrom(ids).Draw(r, "who"), rapid.SampledFrom(ids).Draw(r, "whom")
			after := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 2, rapid.ID[string]).Draw(r, "after")
			ctx := tenant.With(t.Context(), tenant.Identity{
				Tenant: tenant.Default, Organization: tenant.OrganizationID(in), Person: tenant.PersonID(who), Roles: held[who],
			})
			out, err := w.SetMember(ctx, &actionplanev1.SetMemberRequest{OrganizationId: in, PersonId: whom, Roles: after})
			if fault.CodeOf(err) == fault.CodePermissionDenied {
				continue
			}
			if err != nil {
				r.Fatal(err)
			}
			gained := difference(granted(out.GetMember().GetRoles()), granted(held[whom]))
			if lacking := difference(gained, granted(held[who])); len(lacking) > 0 {
				r.Fatalf("%v gave %v, who held %v, the permissions %v", held[who], out.GetMember().GetRoles(), held[whom], lacking)
			}
			if reviews(after) && !reviews(held[whom]) && !reviews(held[who]) {
				r.Fatalf("%v made a reviewer of %v", held[who], held[whom])
			}
			held[whom] = out.GetMember().GetRoles()
		}
	})
}

func granted(names []string) []role.Permission { return role.Granted(rolesOf(names)) }

func reviews(names []string) bool { return role.Reviews(rolesOf(names)) }

func rolesOf(names []string) []role.Role {
	return each(names, func(n string) role.Role { return role.Role(n) })
}

// difference returns what of a is not in b.
func difference[T comparable](a, b []T) []T {
	return slices.DeleteFunc(slices.Clone(a), func(x T) bool { return slices.Contains(b, x) })
}
