package access_test

import (
	"slices"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

func TestOrganizations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.owner(t)

	t.Run("AreMadeFoundAndRenamed", func(t *testing.T) {
		t.Parallel()
		made, err := w.CreateOrganization(owner, &actionplanev1.CreateOrganizationRequest{Name: "  Acme "})
		o := made.GetOrganization()
		if err != nil || !ident.IsUUID(o.GetId()) || o.GetName() != "Acme" || o.GetFirst() ||
			o.GetState() != actionplanev1.OrganizationState_ORGANIZATION_STATE_ACTIVE || o.GetCreatedAt() == nil {
			t.Fatalf("got %v, %v", made, err)
		}
		_, err = w.CreateOrganization(owner, &actionplanev1.CreateOrganizationRequest{Name: "ACME"})
		wantCode(t, err, fault.CodeAlreadyExists, "name")
		_, err = w.CreateOrganization(owner, &actionplanev1.CreateOrganizationRequest{Name: " \u00a0"})
		wantCode(t, err, fault.CodeInvalid, "name")

		renamed, err := w.RenameOrganization(owner, &actionplanev1.RenameOrganizationRequest{OrganizationId: o.GetId(), Name: "Bolt"})
		if err != nil || renamed.GetOrganization().GetName() != "Bolt" {
			t.Errorf("got %v, %v", renamed, err)
		}
		got, err := w.GetOrganization(owner, &actionplanev1.GetOrganizationRequest{OrganizationId: o.GetId()})
		if err != nil || got.GetOrganization().GetName() != "Bolt" {
			t.Errorf("got %v, %v", got, err)
		}
		found, err := w.ListOrganizations(owner, &actionplanev1.ListOrganizationsRequest{Name: "bOL"})
		if err != nil || found.GetTotal() != 1 || found.GetOrganizations()[0].GetId() != o.GetId() {
			t.Errorf("got %v, %v", found, err)
		}
		_, err = w.RenameOrganization(owner, &actionplanev1.RenameOrganizationRequest{OrganizationId: o.GetId(), Name: "default"})
		wantCode(t, err, fault.CodeAlreadyExists, "name")
	})
	t.Run("ThatAreNotThereAreNotFound", func(t *testing.T) {
		t.Parallel()
		for _, id := range []string{ident.NewUUID()} {
			_, err := w.GetOrganization(owner, &actionplanev1.GetOrganizationRequest{OrganizationId: id})
			wantCode(t, err, fault.CodeNotFound, "organization not found")
			_, err = w.DeleteOrganization(owner, &actionplanev1.DeleteOrganizationRequest{OrganizationId: id})
			wantCode(t, err, fault.CodeNotFound, "organization not found")
		}
	})
	t.Run("AreListedForTheirMembersAlone", func(t *testing.T) {
		t.Parallel()
		mine, other := w.organization(t, "listed-mine"), w.organization(t, "listed-other")
		ctx := w.member(t, mine, "lister", "ORG_VIEWER")
		out, err := w.ListOrganizations(ctx, &actionplanev1.ListOrganizationsRequest{})
		if err != nil || out.GetTotal() != 1 || out.GetOrganizations()[0].GetId() != mine {
			t.Errorf("got %v, %v (other is %s)", out, err, other)
		}
	})
	t.Run("ComeInPages", func(t *testing.T) {
		t.Parallel()
		var made []string
		for _, name := range []string{"paged-1", "paged-2", "paged-3", "paged-4", "paged-5"} {
			made = append(made, w.organization(t, name))
		}
		var seen []string
		for after := ""; ; {
			out, err := w.ListOrganizations(owner, &actionplanev1.ListOrganizationsRequest{Name: "paged-", Limit: 2, After: after})
			if err != nil || out.GetTotal() != 5 {
				t.Fatalf("got %v, %v", out, err)
			}
			if len(out.GetOrganizations()) == 0 {
				break
			}
			seen = append(seen, each(out.GetOrganizations(), (*actionplanev1.Organization).GetId)...)
			after = seen[len(seen)-1]
		}
		if !slices.Equal(seen, made) {
			t.Errorf("got %v, want %v", seen, made)
		}
		_, err := w.ListOrganizations(owner, &actionplanev1.ListOrganizationsRequest{After: "nonsense"})
		wantCode(t, err, fault.CodeInvalid, "after")
	})
	t.Run("ThatAreInactiveExistForInstanceRolesAlone", func(t *testing.T) {
		t.Parallel()
		id := w.organization(t, "closing")
		secret := w.token(t, id, w.human(t, id, "closer", "ORG_OWNER"))
		if _, err := w.DeactivateOrganization(owner, &actionplanev1.DeactivateOrganizationRequest{OrganizationId: id}); err != nil {
			t.Fatal(err)
		}
		_, err := w.authenticate(t, secret, id)
		wantCode(t, err, fault.CodePermissionDenied, "AUTH-Bs7Ds")
		p, err := w.authenticate(t, secret, "") // his own, where there is nothing to do any more
		if err != nil || p.GetOrganizationId() != "" || len(p.GetRoles())+len(p.GetOrganizationPermissions())+len(p.GetInstancePermissions()) > 0 {
			t.Errorf("got %v, %v", p, err)
		}
		if out, err := w.ListOrganizations(w.with(t, p), &actionplanev1.ListOrganizationsRequest{}); err != nil || out.GetTotal() != 0 {
			t.Errorf("got %v, %v", out, err)
		}
		if _, err := w.authenticate(t, adminToken, id); err != nil {
			t.Errorf("the instance owner cannot enter: %v", err)
		}
		out, err := w.ReactivateOrganization(owner, &actionplanev1.ReactivateOrganizationRequest{OrganizationId: id})
		if err != nil || out.GetOrganization().GetState() != actionplanev1.OrganizationState_ORGANIZATION_STATE_ACTIVE {
			t.Errorf("got %v, %v", out, err)
		}
		if p, err := w.authenticate(t, secret, id); err != nil || !slices.Equal(p.GetRoles(), []string{"ORG_OWNER"}) {
			t.Errorf("got %v, %v", p, err)
		}
	})
	t.Run("AreDeletedInTwoSteps", func(t *testing.T) {
		t.Parallel()
		id := w.organization(t, "ending")
		human, machine := w.human(t, id, "ender", "ORG_OWNER"), w.person(t, id, "robot", "", "ORG_DEVELOPER")
		hers, its := w.token(t, id, human), w.token(t, id, machine)
		_, err := w.DeleteOrganization(owner, &actionplanev1.DeleteOrganizationRequest{OrganizationId: id})
		wantCode(t, err, fault.CodeFailedPrecondition, "deactivate it first")
		if _, err := w.DeactivateOrganization(owner, &actionplanev1.DeactivateOrganizationRequest{OrganizationId: id}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.DeleteOrganization(owner, &actionplanev1.DeleteOrganizationRequest{OrganizationId: id}); err != nil {
			t.Fatal(err)
		}
		_, err = w.authenticate(t, adminToken, id)
		wantCode(t, err, fault.CodePermissionDenied, "AUTH-Bs7Ds")
		_, err = w.authenticate(t, its, "")
		wantCode(t, err, fault.CodeUnauthenticated, "")
		if p, err := w.authenticate(t, hers, ""); err != nil || p.GetOrganizationId() != organization || len(p.GetRoles()) > 0 {
			t.Errorf("got %v, %v", p, err)
		}
		_, err = w.ReactivateOrganization(owner, &actionplanev1.ReactivateOrganizationRequest{OrganizationId: id})
		wantCode(t, err, fault.CodeNotFound, "")
		w.organization(t, "ending") // the name is free again
	})
	t.Run("TheFirstOneStays", func(t *testing.T) {
		t.Parallel()
		_, err := w.DeactivateOrganization(owner, &actionplanev1.DeactivateOrganizationRequest{OrganizationId: organization})
		wantCode(t, err, fault.CodeFailedPrecondition, "first")
		_, err = w.DeleteOrganization(owner, &actionplanev1.DeleteOrganizationRequest{OrganizationId: organization})
		wantCode(t, err, fault.CodeFailedPrecondition, "active")
	})
}
