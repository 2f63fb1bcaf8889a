package access_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

func TestPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.owner(t)

	t.Run("AreHumansOrMachines", func(t *testing.T) {
		t.Parallel()
		in := w.organization(t, "kinds")
		human, machine := w.human(t, in, "kim"), w.person(t, in, "kiosk", "")
		for id, want := range map[string]actionplanev1.PersonKind{
			human: actionplanev1.PersonKind_PERSON_KIND_HUMAN, machine: actionplanev1.PersonKind_PERSON_KIND_SERVICE,
		} {
			got, err := w.GetPerson(owner, &actionplanev1.GetPersonRequest{OrganizationId: in, PersonId: id})
			if err != nil || got.GetPerson().GetKind() != want || got.GetPerson().GetOrganizationId() != in ||
				got.GetPerson().GetState() != actionplanev1.PersonState_PERSON_STATE_ACTIVE {
				t.Errorf("got %v, %v", got, err)
			}
			out, err := w.ListPeople(owner, &actionplanev1.ListPeopleRequest{OrganizationId: in, Kind: want})
			if err != nil || out.GetTotal() != 1 || out.GetPeople()[0].GetId() != id {
				t.Errorf("got %v, %v", out, err)
			}
		}
		out, err := w.ListInstancePeople(owner, &actionplanev1.ListInstancePeopleRequest{Query: "KIM@"})
		if err != nil || out.GetTotal() != 1 || out.GetPeople()[0].GetId() != human {
			t.Errorf("got %v, %v", out, err)
		}
	})
	t.Run("WithTheSameAddressAreOne", func(t *testing.T) {
		t.Parallel()
		w.human(t, organization, "once")
		_, err := w.CreatePerson(owner, &actionplanev1.CreatePersonRequest{OrganizationId: organization, Name: "Twice", Email: "ONCE@example.com"})
		wantCode(t, err, fault.CodeAlreadyExists, "email")
		_, err = w.CreatePerson(owner, &actionplanev1.CreatePersonRequest{OrganizationId: organization, Name: "X", Email: "no address"})
		wantCode(t, err, fault.CodeInvalid, "email")
	})
	t.Run("OfAnotherOrganizationDoNotExist", func(t *testing.T) {
		t.Parallel()
		in := w.organization(t, "elsewhere")
		stranger := w.human(t, organization, "stranger")
		ctx := w.member(t, in, "looker", "ORG_OWNER")
		for _, id := range []string{stranger, ident.NewUUID()} {
			_, err := w.GetPerson(ctx, &actionplanev1.GetPersonRequest{OrganizationId: in, PersonId: id})
			wantCode(t, err, fault.CodeNotFound, "person not found")
			_, err = w.DeactivatePerson(ctx, &actionplanev1.DeactivatePersonRequest{OrganizationId: in, PersonId: id})
			wantCode(t, err, fault.CodeNotFound, "person not found")
			_, err = w.CreateToken(ctx, &actionplanev1.CreateTokenRequest{OrganizationId: in, PersonId: id, Name: "x"})
			wantCode(t, err, fault.CodeNotFound, "person not found")
			_, err = w.ListTokens(ctx, &actionplanev1.ListTokensRequest{OrganizationId: in, PersonId: id})
			wantCode(t, err, fault.CodeNotFound, "person not found")
		}
	})
	t.Run("WhoAreInactiveAreLockedOutUntilTheyAreNot", func(t *testing.T) {
		t.Parallel()
		id := w.human(t, organization, "sleeper", "ORG_ADMIN")
		secret := w.token(t, organization, id)
		request := &actionplanev1.DeactivatePersonRequest{OrganizationId: organization, PersonId: id}
		for range 2 { // again does no harm
			if _, err := w.DeactivatePerson(owner, request); err != nil {
				t.Fatal(err)
			}
		}
		_, err := w.authenticate(t, secret, "")
		wantCode(t, err, fault.CodeUnauthenticated, "AUTH-7fs1e")
		_, err = w.CreateToken(owner, &actionplanev1.CreateTokenRequest{OrganizationId: organization, PersonId: id, Name: "x"})
		wantCode(t, err, fault.CodeFailedPrecondition, "inactive")
		if e := w.eligibility(t, organization, id)[0]; !e.GetExists() || e.GetActive() || e.GetReviewer() || !e.GetHuman() {
			t.Errorf("got %v", e)
		}
		if _, err := w.ReactivatePerson(owner, &actionplanev1.ReactivatePersonRequest{OrganizationId: organization, PersonId: id}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.authenticate(t, secret, organization); err != nil {
			t.Error(err)
		}
	})
	t.Run("WhoAreDeletedLeaveTheirIDAlone", func(t *testing.T) {
		t.Parallel()
		id := w.human(t, organization, "leaver", "ORG_ADMIN")
		secret := w.token(t, organization, id)
		if _, err := w.DeletePerson(owner, &actionplanev1.DeletePersonRequest{OrganizationId: organization, PersonId: id}); err != nil {
			t.Fatal(err)
		}
		_, err := w.authenticate(t, secret, "")
		wantCode(t, err, fault.CodeUnauthenticated, "AUTH-7fs1e")
		_, err = w.GetPerson(owner, &actionplanev1.GetPersonRequest{OrganizationId: organization, PersonId: id})
		wantCode(t, err, fault.CodeNotFound, "")
		_, err = w.ReactivatePerson(owner, &actionplanev1.ReactivatePersonRequest{OrganizationId: organization, PersonId: id})
		wantCode(t, err, fault.CodeNotFound, "")
		if n := w.count(t, "people WHERE id = '"+id+"' AND email = '' AND name = ''"); n != 1 {
			t.Errorf("%d rows", n)
		}
		if again := w.human(t, organization, "leaver"); again == id {
			t.Error("the id was used again")
		}
	})
	t.Run("AreNotChangedByWhoHoldsLess", func(t *testing.T) {
		t.Parallel()
		in := w.organization(t, "ranks")
		above, admin := w.human(t, in, "above", "ORG_OWNER"), w.member(t, in, "below", "ORG_ADMIN")
		_, err := w.DeactivatePerson(admin, &actionplanev1.DeactivatePersonRequest{OrganizationId: in, PersonId: above})
		wantCode(t, err, fault.CodePermissionDenied, "AUTH-R0l3s")
		_, err = w.DeletePerson(admin, &actionplanev1.DeletePersonRequest{OrganizationId: in, PersonId: above})
		wantCode(t, err, fault.CodePermissionDenied, "AUTH-R0l3s")

		// Nor by who holds as much, but here alone.
		other := w.organization(t, "ranks-other")
		orgOwner, abroad := w.member(t, in, "local", "ORG_OWNER"), w.human(t, in, "abroad")
		if _, err := w.SetMember(w.as(t, adminToken, other), &actionplanev1.SetMemberRequest{OrganizationId: other, PersonId: abroad, Roles: []string{"ORG_VIEWER"}}); err != nil {
			t.Fatal(err)
		}
		_, err = w.CreateToken(orgOwner, &actionplanev1.CreateTokenRequest{OrganizationId: in, PersonId: abroad, Name: "x"})
		wantCode(t, err, fault.CodePermissionDenied, "AUTH-R0l3s")
	})
	t.Run("SeeThemselves", func(t *testing.T) {
		t.Parallel()
		in := w.organization(t, "mirror")
		ctx := w.member(t, in, "narcissus", "ORG_OWNER_VIEWER")
		me, err := w.GetMe(ctx, &actionplanev1.GetMeRequest{})
		if err != nil || me.GetPerson().GetEmail() != "narcissus@example.com" || me.GetOrganizationId() != in ||
			!slices.Equal(me.GetRoles(), []string{"ORG_VIEWER"}) || !slices.Contains(me.GetOrganizationPermissions(), "org.action.read") ||
			len(me.GetInstancePermissions()) > 0 || len(me.GetMemberships()) != 1 || me.GetMemberships()[0].GetOrganizationName() != "mirror" {
			t.Errorf("got %v, %v", me, err)
		}
		if _, err := w.GetMe(t.Context(), &actionplanev1.GetMeRequest{}); fault.CodeOf(err) != fault.CodeNotFound {
			t.Errorf("an internal service is somebody: %v", err)
		}
	})
}

// TestLastOwner holds that the instance never loses its last human owner,
// whichever way he would go.
func TestLastOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.owner(t)
	first, err := w.GetMe(owner, &actionplanev1.GetMeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	id := first.GetPerson().GetId()
	robot := w.person(t, organization, "robot", "") // a machine does not count
	if _, err := w.SetInstanceMember(owner, &actionplanev1.SetInstanceMemberRequest{PersonId: robot, Roles: []string{"IAM_OWNER"}}); err != nil {
		t.Fatal(err)
	}

	for name, leave := range map[string]func() error{
		"demoted": func() error {
			_, err := w.SetInstanceMember(owner, &actionplanev1.SetInstanceMemberRequest{PersonId: id, Roles: []string{"IAM_OWNER_VIEWER"}})
			return err
		},
		"removed": func() error {
			_, err := w.RemoveInstanceMember(owner, &actionplanev1.RemoveInstanceMemberRequest{PersonId: id})
			return err
		},
		"deactivated": func() error {
			_, err := w.DeactivatePerson(owner, &actionplanev1.DeactivatePersonRequest{OrganizationId: organization, PersonId: id})
			return err
		},
		"deleted": func() error {
			_, err := w.DeletePerson(owner, &actionplanev1.DeletePersonRequest{OrganizationId: organization, PersonId: id})
			return err
		},
	} {
		if err := leave(); fault.CodeOf(err) != fault.CodeFailedPrecondition {
			t.Errorf("%s: got %v", name, err)
		}
	}

	// Of those who remove each other at once, one stays.
	ids := []string{id}
	for _, name := range []string{"o1", "o2", "o3", "o4"} {
		other := w.human(t, organization, name)
		if _, err := w.SetInstanceMember(owner, &actionplanev1.SetInstanceMemberRequest{PersonId: other, Roles: []string{"IAM_OWNER"}}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, other)
	}
	var all sync.WaitGroup
	for _, id := range ids {
		all.Go(func() {
			_, err := w.RemoveInstanceMember(owner, &actionplanev1.RemoveInstanceMemberRequest{PersonId: id})
			if code := fault.CodeOf(err); err != nil && code != fault.CodeFailedPrecondition {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := w.count(t, "memberships WHERE role = 'IAM_OWNER'"); n != 2 { // and the machine
		t.Errorf("%d owners are left", n)
	}
}

func (b *bundle) eligibility(t testing.TB, in string, ids ...string) []*accessv1.Eligibility {
	t.Helper()
	out, err := b.GetEligibility(t.Context(), &accessv1.GetEligibilityRequest{OrganizationId: in, PersonIds: ids})
	if err != nil {
		t.Fatal(err)
	}
	return out.GetPeople()
}

func TestEligibility(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	t.Run("AccountsOfOneHumanAreTold", func(t *testing.T) {
		t.Parallel()
		in := w.organization(t, "spellings")
		for _, same := range [][]string{
			{"jane@example.com", "JANE+x@Example.com", "jane+y+z@example.com"},
			{"jane.doe@gmail.com", "janedoe+q@googlemail.com", "J.aneDoe@GMAIL.com"},
		} {
			var ids []string
			for _, email := range same {
				ids = append(ids, w.person(t, in, "Jane", email, "ORG_ADMIN"))
			}
			people := w.eligibility(t, in, ids...)
			for _, e := range people {
				if !e.GetReviewer() || !ident.IsUUID(e.GetCanonicalHumanId()) || e.GetCanonicalHumanId() != people[0].GetCanonicalHumanId() {
					t.Errorf("got %v", e)
				}
			}
		}
		others := w.eligibility(t, in, w.person(t, in, "J", "jane.doe@example.com", "ORG_ADMIN"), w.person(t, in, "J", "janedoe@example.com", "ORG_ADMIN"))
		if others[0].GetCanonicalHumanId() == others[1].GetCanonicalHumanId() {
			t.Error("dots count outside Google")
		}
		// Two Janes, two others, and the instance owner, however many accounts.
		out, err := w.CountReviewers(t.Context(), &accessv1.CountReviewersRequest{OrganizationId: in})
		if err != nil || out.GetReviewers() != 5 {
			t.Errorf("got %v, %v", out, err)
		}
		list, err := w.ListReviewers(t.Context(), &accessv1.ListReviewersRequest{OrganizationId: in})
		if err != nil || len(list.GetReviewers()) != 9 || !slices.IsSortedFunc(list.GetReviewers(), func(a, b *accessv1.Reviewer) int {
			return slices.Compare([]byte(a.GetPersonId()), []byte(b.GetPersonId()))
		}) {
			t.Errorf("got %v, %v", list, err)
		}
	})
	t.Run("AnswersAreInTheOrderAsked", func(t *testing.T) {
		t.Parallel()
		in := w.organization(t, "order")
		admin, machine, nobody := w.human(t, in, "adam", "ORG_ADMIN", "ORG_VIEWER"), w.person(t, in, "bot", "", "ORG_OWNER"), ident.NewUUID()
		people := w.eligibility(t, in, nobody, machine, "nonsense", admin, machine)
		if ids := each(people, (*accessv1.Eligibility).GetPersonId); !slices.Equal(ids, []string{nobody, machine, "nonsense", admin, machine}) {
			t.Fatalf("got %v", ids)
		}
		for _, e := range []*accessv1.Eligibility{people[0], people[2]} {
			if e.GetExists() || e.GetActive() || e.GetReviewer() || e.GetHuman() || e.GetCanonicalHumanId() != "" {
				t.Errorf("got %v", e)
			}
		}
		if e := people[1]; !e.GetExists() || !e.GetActive() || e.GetReviewer() || e.GetHuman() || e.GetCanonicalHumanId() != "" {
			t.Errorf("got %v", e)
		}
		if e := people[3]; !e.GetReviewer() || !slices.Equal(e.GetRoles(), []string{"ORG_ADMIN", "ORG_VIEWER"}) || e.GetEmail() != "adam@example.com" {
			t.Errorf("got %v", e)
		}
	})
	t.Run("WhoMadeATokenForSomebodyIsNamed", func(t *testing.T) {
		t.Parallel()
		in := w.organization(t, "puppets")
		maker := w.human(t, in, "maker", "ORG_OWNER")
		ctx := w.as(t, w.token(t, in, maker), in)
		puppet := w.human(t, in, "puppet", "ORG_ADMIN")
		made, err := w.CreateToken(ctx, &actionplanev1.CreateTokenRequest{OrganizationId: in, PersonId: puppet, Name: "x"})
		if err != nil {
			t.Fatal(err)
		}
		people := w.eligibility(t, in, maker, puppet)
		if !slices.Equal(people[1].GetControllerHumanIds(), []string{people[0].GetCanonicalHumanId()}) {
			t.Errorf("got %v", people[1])
		}
		if _, err := w.RevokeToken(ctx, &actionplanev1.RevokeTokenRequest{OrganizationId: in, PersonId: puppet, TokenId: made.GetToken().GetId()}); err != nil {
			t.Fatal(err)
		}
		if e := w.eligibility(t, in, puppet)[0]; len(e.GetControllerHumanIds()) > 0 {
			t.Errorf("got %v", e)
		}
	})
	t.Run("OrganizationsThatAreNotThereAreNotFound", func(t *testing.T) {
		t.Parallel()
		for _, in := range []string{"", "nonsense", ident.NewUUID()} {
			_, err := w.GetEligibility(t.Context(), &accessv1.GetEligibilityRequest{OrganizationId: in})
			wantCode(t, err, fault.CodeNotFound, "")
			_, err = w.ListReviewers(t.Context(), &accessv1.ListReviewersRequest{OrganizationId: in})
			wantCode(t, err, fault.CodeNotFound, "")
		}
	})
}
