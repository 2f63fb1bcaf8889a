package access_test

import (
	"crypto/sha256"
	"slices"
	"sync"
	"testing"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access"
	"github.com/actionplane/actionplane/services/access/internal/oidc"
	"github.com/actionplane/actionplane/services/access/internal/oidc/oidctest"
)

// show authenticates as the edge does who got a JSON Web Token.
func (b *bundle) show(t testing.TB, token, organization string) (*accessv1.Principal, error) {
	t.Helper()
	sum := sha256.Sum256([]byte(token))
	out, err := b.Authenticate(t.Context(), &accessv1.AuthenticateRequest{TokenSha256: sum[:], Jwt: token, OrganizationId: organization})
	return out.GetPrincipal(), err
}

// trusting returns a world that takes tokens of a new issuer, by configuration.
func trusting(t testing.TB, edits ...func(*access.OIDC)) (*world, *oidctest.Issuer) {
	t.Helper()
	issuer := oidctest.Start(t)
	return newWorld(t, func(c *access.Config) {
		reach(t, &c.OIDC)
		c.OIDC.Issuer, c.OIDC.Audience = issuer.URL(), []string{oidctest.Audience}
		for _, edit := range edits {
			edit(&c.OIDC)
		}
	}), issuer
}

// reach lets issuers be in this process.
func reach(t testing.TB, o *access.OIDC) {
	t.Helper()
	allow, err := egress.ParseAllow("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	o.EgressAllow, o.AllowHTTP = allow, true
}

func verified(email string) map[string]any {
	return map[string]any{"email": email, "email_verified": true}
}

func TestJWT(t *testing.T) {
	t.Parallel()
	w, issuer := trusting(t, func(o *access.OIDC) {
		o.RolesClaim, o.OrganizationClaim = "groups", "org"
		o.RoleMapping = oidc.Mapping{"ops": "IAM_OWNER_VIEWER", "dev": "ORG_DEVELOPER", "boss": "ORG_OWNER_VIEWER"}
	})

	t.Run("MakesItsSubjectSomebodyOnce", func(t *testing.T) {
		t.Parallel()
		token := issuer.Token(t, "newcomer", verified("newcomer@example.com"))
		var all sync.WaitGroup
		ids := make([]string, 10)
		for i := range ids {
			all.Go(func() {
				p, err := w.show(t, token, "")
				if err != nil || p.GetOrganizationId() != organization || p.GetEmail() != "newcomer@example.com" ||
					p.GetKind() != accessv1.PersonKind_PERSON_KIND_HUMAN || len(p.GetRoles()) > 0 {
					t.Errorf("got %v, %v", p, err)
				}
				ids[i] = p.GetPersonId()
			})
		}
		all.Wait()
		if slices.Sort(ids); len(slices.Compact(ids)) != 1 || !ident.IsUUID(ids[0]) {
			t.Errorf("got %v", ids)
		}
	})
	t.Run("IsWhoHasTheAddress", func(t *testing.T) {
		t.Parallel()
		known := w.human(t, organization, "known", "ORG_ADMIN")
		p, err := w.show(t, issuer.Token(t, "s-known", verified("Known@Example.COM")), organization)
		if err != nil || p.GetPersonId() != known || !slices.Equal(p.GetRoles(), []string{"ORG_ADMIN"}) {
			t.Errorf("got %v, %v", p, err)
		}
		// Whatever becomes of his address, subject and issuer are his.
		if p, err := w.show(t, issuer.Token(t, "s-known", verified("renamed@example.com")), ""); err != nil || p.GetPersonId() != known {
			t.Errorf("got %v, %v", p, err)
		}
	})
	t.Run("IsNobodysByAnAddressThatIsNotVerified", func(t *testing.T) {
		t.Parallel()
		victim := w.human(t, organization, "victim", "ORG_OWNER")
		p, err := w.show(t, issuer.Token(t, "mallory", map[string]any{"email": "victim@example.com", "email_verified": false}), "")
		if err != nil || p.GetPersonId() == victim || p.GetKind() != accessv1.PersonKind_PERSON_KIND_SERVICE || p.GetEmail() != "" {
			t.Errorf("got %v, %v", p, err)
		}
	})
	t.Run("GrantsWhatIsMappedWhereItSays", func(t *testing.T) {
		t.Parallel()
		in := w.organization(t, "jwt-mapped")
		token := issuer.Token(t, "mapped", map[string]any{"groups": []string{"ops", "dev", "boss", "unknown"}, "org": in})
		p, err := w.show(t, token, in)
		if err != nil || !slices.Equal(p.GetRoles(), []string{"IAM_OWNER_VIEWER", "ORG_DEVELOPER", "ORG_VIEWER"}) || p.GetOrganizationId() != in {
			t.Fatalf("got %v, %v", p, err)
		}
		if p, err := w.show(t, token, organization); err != nil || !slices.Equal(p.GetRoles(), []string{"IAM_OWNER_VIEWER"}) {
			t.Errorf("elsewhere: %v, %v", p, err)
		}
		if n := w.count(t, "memberships WHERE person_id = '"+p.GetPersonId()+"'"); n > 0 {
			t.Errorf("%d roles are stored", n)
		}
		if p, err := w.show(t, issuer.Token(t, "mapped", map[string]any{"groups": "dev", "org": "nonsense"}), ""); err != nil || len(p.GetRoles()) > 0 {
			t.Errorf("nowhere: %v, %v", p, err)
		}
		// What a token alone says makes no reviewer.
		if e := w.eligibility(t, in, p.GetPersonId())[0]; e.GetReviewer() || len(e.GetRoles()) > 0 {
			t.Errorf("got %v", e)
		}
		me, err := w.GetMe(w.with(t, p), &actionplanev1.GetMeRequest{})
		if err != nil || len(me.GetRoles()) != 3 || !slices.Contains(me.GetOrganizationPermissions(), "org.action.write") {
			t.Errorf("got %v, %v", me, err)
		}
	})
	t.Run("ForeignIsAbsent", func(t *testing.T) {
		t.Parallel()
		token, foreign := issuer.Token(t, "outsider", nil), w.organization(t, "jwt-foreign")
		for _, in := range []string{foreign, ident.NewUUID(), "nonsense"} {
			_, err := w.show(t, token, in)
			wantCode(t, err, fault.CodePermissionDenied, "AUTH-Bs7Ds")
		}
	})
	t.Run("OfWhoIsLockedOutIsNone", func(t *testing.T) {
		t.Parallel()
		token := issuer.Token(t, "banned", verified("banned@example.com"))
		p, err := w.show(t, token, "")
		if err != nil {
			t.Fatal(err)
		}
		request := &actionplanev1.DeactivatePersonRequest{OrganizationId: organization, PersonId: p.GetPersonId()}
		if _, err := w.DeactivatePerson(w.owner(t), request); err != nil {
			t.Fatal(err)
		}
		_, err = w.show(t, token, "")
		wantCode(t, err, fault.CodeUnauthenticated, "AUTH-7fs1e")
	})
	t.Run("ThatIsBadIsLikeAnyBadToken", func(t *testing.T) {
		t.Parallel()
		_, want := w.authenticate(t, "unknown", "")
		stranger := oidctest.Start(t)
		for name, token := range map[string]string{
			"expired":        issuer.Token(t, "x", map[string]any{"exp": 1}),
			"for others":     issuer.Token(t, "x", map[string]any{"aud": "others"}),
			"unknown issuer": stranger.Token(t, "x", nil),
			"forged":         stranger.Token(t, "x", map[string]any{"iss": issuer.URL()}),
			"no token":       "eyJ.eyJ.x",
		} {
			if _, err := w.show(t, token, ""); err == nil || err.Error() != want.Error() {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
	t.Run("IsNotNeededForOurOwnTokens", func(t *testing.T) {
		t.Parallel()
		if _, err := w.show(t, adminToken, ""); err != nil {
			t.Error(err)
		}
	})
	t.Run("WithoutTheIssuersKeysItIsUnavailable", func(t *testing.T) {
		t.Parallel()
		w, issuer := trusting(t)
		issuer.SetAway(true)
		_, err := w.show(t, issuer.Token(t, "alice", nil), "")
		wantCode(t, err, fault.CodeUnavailable, "")
	})
}

func TestIssuers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *access.Config) {
		reach(t, &c.OIDC)
		c.OIDC.Issuer, c.OIDC.Audience = "https://configured.example.com", []string{"x"}
		c.OIDC.MaxIssuers = 3
	})
	owner := w.owner(t)
	create := func(t *testing.T, i *actionplanev1.Issuer) (*actionplanev1.Issuer, error) {
		out, err := w.CreateIssuer(owner, &actionplanev1.CreateIssuerRequest{Issuer: i})
		return out.GetIssuer(), err
	}

	t.Run("AreTakenUntilTheyAreDeleted", func(t *testing.T) {
		issuer := oidctest.Start(t)
		token := issuer.Token(t, "alice", verified("alice@example.com"))
		_, err := w.show(t, token, "")
		wantCode(t, err, fault.CodeUnauthenticated, "")
		made, err := create(t, &actionplanev1.Issuer{Issuer: issuer.URL(), Audiences: []string{oidctest.Audience}, ClockSkew: durationpb.New(0)})
		if err != nil || made.GetEmailClaim() != "email" || len(made.GetAlgorithms()) != 10 || made.GetCreatedAt() == nil {
			t.Fatalf("got %v, %v", made, err)
		}
		if _, err := w.show(t, token, ""); err != nil {
			t.Error(err)
		}
		_, err = create(t, &actionplanev1.Issuer{Issuer: issuer.URL(), Audiences: []string{"y"}})
		wantCode(t, err, fault.CodeAlreadyExists, "issuer")
		list, err := w.ListIssuers(owner, &actionplanev1.ListIssuersRequest{})
		if err != nil || !slices.Equal(each(list.GetIssuers(), (*actionplanev1.Issuer).GetIssuer), []string{"https://configured.example.com", issuer.URL()}) {
			t.Errorf("got %v, %v", list, err)
		}
		got, err := w.GetIssuer(owner, &actionplanev1.GetIssuerRequest{IssuerId: made.GetId()})
		if err != nil || got.GetIssuer().GetIssuer() != issuer.URL() {
			t.Errorf("got %v, %v", got, err)
		}
		for _, want := range []fault.Code{0, fault.CodeNotFound} {
			if _, err := w.DeleteIssuer(owner, &actionplanev1.DeleteIssuerRequest{IssuerId: made.GetId()}); fault.CodeOf(err) != want {
				t.Errorf("got %v", err)
			}
		}
		_, err = w.show(t, token, "")
		wantCode(t, err, fault.CodeUnauthenticated, "")
	})
	t.Run("OfOneOrganizationReachNothingElse", func(t *testing.T) {
		in := w.organization(t, "federated")
		issuer := oidctest.Start(t)
		_, err := create(t, &actionplanev1.Issuer{
			Issuer: issuer.URL(), Audiences: []string{oidctest.Audience}, OrganizationId: in,
			RolesClaim: "groups", RoleMapping: map[string]string{"dev": "ORG_DEVELOPER"},
		})
		if err != nil {
			t.Fatal(err)
		}
		token := issuer.Token(t, "fred", map[string]any{"email": "fred@example.com", "email_verified": true, "groups": "dev"})
		p, err := w.show(t, token, "")
		if err != nil || p.GetOrganizationId() != in || !slices.Equal(p.GetRoles(), []string{"ORG_DEVELOPER"}) {
			t.Fatalf("got %v, %v", p, err)
		}
		if _, err := w.SetInstanceMember(owner, &actionplanev1.SetInstanceMemberRequest{PersonId: p.GetPersonId(), Roles: []string{"IAM_OWNER"}}); err != nil {
			t.Fatal(err)
		}
		if p, err := w.show(t, token, ""); err != nil || len(p.GetInstancePermissions()) > 0 {
			t.Errorf("got %v, %v", p, err)
		}
		_, err = w.show(t, token, organization)
		wantCode(t, err, fault.CodePermissionDenied, "AUTH-Bs7Ds")

		// Nor does it vouch for people of others.
		w.human(t, organization, "prey", "ORG_OWNER")
		_, err = w.show(t, issuer.Token(t, "predator", verified("prey@example.com")), "")
		wantCode(t, err, fault.CodeUnauthenticated, "AUTH-7fs1e")
	})
	t.Run("ThatMakeNoSenseAreRefused", func(t *testing.T) {
		aud := []string{"x"}
		for want, i := range map[string]*actionplanev1.Issuer{
			"must be a URL":            {Issuer: "login", Audiences: aud},
			"must be https":            {Issuer: "ftp://login.example.com", Audiences: aud},
			"no query":                 {Issuer: "https://login.example.com?x=y", Audiences: aud},
			"is no role":               {Issuer: "https://a.example.com", Audiences: aud, RolesClaim: "r", RoleMapping: map[string]string{"a": "KING"}},
			"cannot be held in an org": {Issuer: "https://a.example.com", Audiences: aud, RolesClaim: "r", RoleMapping: map[string]string{"a": "IAM_OWNER"}, OrganizationId: organization},
			"roles claim":              {Issuer: "https://a.example.com", Audiences: aud, RoleMapping: map[string]string{"a": "ORG_OWNER"}},
		} {
			_, err := create(t, i)
			wantCode(t, err, fault.CodeInvalid, want)
		}
		_, err := create(t, &actionplanev1.Issuer{Issuer: "https://a.example.com", Audiences: aud, Algorithms: []string{"HS256"}})
		wantCode(t, err, fault.CodeInvalid, "")
		_, err = create(t, &actionplanev1.Issuer{Issuer: "https://configured.example.com", Audiences: aud})
		wantCode(t, err, fault.CodeAlreadyExists, "")
		_, err = create(t, &actionplanev1.Issuer{Issuer: "https://a.example.com", Audiences: aud, OrganizationId: ident.NewUUID()})
		wantCode(t, err, fault.CodeNotFound, "organization")
	})
	t.Run("AreBounded", func(t *testing.T) {
		for _, name := range []string{"https://b1.example.com", "https://b2.example.com"} { // beside that of above
			if _, err := create(t, &actionplanev1.Issuer{Issuer: name, Audiences: []string{"x"}}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := create(t, &actionplanev1.Issuer{Issuer: "https://b3.example.com", Audiences: []string{"x"}})
		wantCode(t, err, fault.CodeExhausted, "3 are allowed")
	})
}
