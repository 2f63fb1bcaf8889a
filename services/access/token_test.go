package access_test

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	t.Run("AreShownOnceAndKeptAsHash", func(t *testing.T) {
		t.Parallel()
		ctx := w.member(t, organization, "tina", "ORG_VIEWER")
		out, err := w.CreateMyToken(ctx, &actionplanev1.CreateMyTokenRequest{Name: " ci "})
		if err != nil || !strings.HasPrefix(out.GetSecret(), "apn_") || out.GetToken().GetName() != "ci" ||
			out.GetToken().GetExpiresAt() != nil || out.GetToken().GetCreatedById() != out.GetToken().GetPersonId() {
			t.Fatalf("got %v, %v", out, err)
		}
		var sum []byte
		if err := w.db.QueryRow(t.Context(), `SELECT sha256 FROM tokens WHERE id = $1`, out.GetToken().GetId()).Scan(&sum); err != nil {
			t.Fatal(err)
		}
		if want := sha256.Sum256([]byte(out.GetSecret())); !bytes.Equal(sum, want[:]) || w.log.contains(out.GetSecret()) {
			t.Error("more than the hash is kept")
		}
		list, err := w.ListMyTokens(ctx, &actionplanev1.ListMyTokensRequest{})
		if err != nil || list.GetTotal() != 2 || list.GetTokens()[1].GetId() != out.GetToken().GetId() || list.GetTokens()[1].GetLastUsedAt() != nil {
			t.Fatalf("got %v, %v", list, err)
		}
		for range 2 {
			if _, err := w.authenticate(t, out.GetSecret(), organization); err != nil {
				t.Fatal(err)
			}
		}
		list, err = w.ListMyTokens(ctx, &actionplanev1.ListMyTokensRequest{After: list.GetTokens()[0].GetId()})
		if err != nil || len(list.GetTokens()) != 1 || list.GetTokens()[0].GetLastUsedAt() == nil {
			t.Errorf("got %v, %v", list, err)
		}
	})
	t.Run("EndAtOnceWhenTheyAreRevoked", func(t *testing.T) {
		t.Parallel()
		ctx := w.member(t, organization, "rex", "ORG_VIEWER")
		out, err := w.CreateMyToken(ctx, &actionplanev1.CreateMyTokenRequest{Name: "x"})
		if err != nil {
			t.Fatal(err)
		}
		request := &actionplanev1.RevokeMyTokenRequest{TokenId: out.GetToken().GetId()}
		if _, err := w.RevokeMyToken(w.member(t, organization, "thief", "ORG_OWNER"), request); fault.CodeOf(err) != fault.CodeNotFound {
			t.Errorf("somebody else's token: %v", err)
		}
		if _, err := w.RevokeMyToken(ctx, request); err != nil {
			t.Fatal(err)
		}
		_, err = w.authenticate(t, out.GetSecret(), "")
		wantCode(t, err, fault.CodeUnauthenticated, "AUTH-7fs1e")
		_, err = w.RevokeMyToken(ctx, request)
		wantCode(t, err, fault.CodeNotFound, "token not found")
		_, err = w.RevokeMyToken(ctx, &actionplanev1.RevokeMyTokenRequest{TokenId: ident.NewUUID()})
		wantCode(t, err, fault.CodeNotFound, "token not found")
	})
	t.Run("Expire", func(t *testing.T) {
		t.Parallel()
		ctx := w.member(t, organization, "eve", "ORG_VIEWER")
		for _, at := range []*timestamppb.Timestamp{timestamppb.New(time.Now().Add(-time.Second)), {Seconds: 1 << 60}, {Nanos: -1}} {
			_, err := w.CreateMyToken(ctx, &actionplanev1.CreateMyTokenRequest{Name: "x", ExpiresAt: at})
			wantCode(t, err, fault.CodeInvalid, "expires_at")
		}
		at := time.Now().Add(time.Hour)
		out, err := w.CreateMyToken(ctx, &actionplanev1.CreateMyTokenRequest{Name: "x", ExpiresAt: timestamppb.New(at)})
		if err != nil || !out.GetToken().GetExpiresAt().AsTime().Equal(at.Truncate(time.Microsecond).UTC()) {
			t.Fatalf("got %v, %v", out, err)
		}
		if _, err := w.authenticate(t, out.GetSecret(), ""); err != nil {
			t.Error(err)
		}
		w.exec(t, `UPDATE tokens SET expires_at = now() WHERE id = $1`, out.GetToken().GetId())
		_, err = w.authenticate(t, out.GetSecret(), "")
		wantCode(t, err, fault.CodeUnauthenticated, "AUTH-7fs1e")
	})
	t.Run("OfMachinesAreMadeByWhoManagesThem", func(t *testing.T) {
		t.Parallel()
		in := w.organization(t, "machines")
		robot := w.person(t, in, "r2", "", "ORG_DEVELOPER")
		boss := w.member(t, in, "boss", "ORG_OWNER")
		out, err := w.CreateToken(boss, &actionplanev1.CreateTokenRequest{OrganizationId: in, PersonId: robot, Name: "deploy"})
		if err != nil || out.GetToken().GetPersonId() != robot || out.GetToken().GetCreatedById() == robot {
			t.Fatalf("got %v, %v", out, err)
		}
		if p, err := w.authenticate(t, out.GetSecret(), in); err != nil || p.GetKind().String() != "PERSON_KIND_SERVICE" || !slices.Equal(p.GetRoles(), []string{"ORG_DEVELOPER"}) {
			t.Errorf("got %v, %v", p, err)
		}
		list, err := w.ListTokens(boss, &actionplanev1.ListTokensRequest{OrganizationId: in, PersonId: robot})
		if err != nil || list.GetTotal() != 1 {
			t.Errorf("got %v, %v", list, err)
		}
		if _, err := w.RevokeToken(boss, &actionplanev1.RevokeTokenRequest{OrganizationId: in, PersonId: robot, TokenId: out.GetToken().GetId()}); err != nil {
			t.Error(err)
		}
	})
	t.Run("OfTheInstanceOwnerAreNotMadeByTheOwnerOfHisOrganization", func(t *testing.T) {
		t.Parallel()
		me, err := w.GetMe(w.owner(t), &actionplanev1.GetMeRequest{})
		if err != nil {
			t.Fatal(err)
		}
		ctx := w.member(t, organization, "usurper", "ORG_OWNER")
		_, err = w.CreateToken(ctx, &actionplanev1.CreateTokenRequest{OrganizationId: organization, PersonId: me.GetPerson().GetId(), Name: "x"})
		wantCode(t, err, fault.CodePermissionDenied, "AUTH-R0l3s")
	})
}

func TestTokenLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *access.Config) { c.MaxTokens, c.TokenMaxAge = 5, time.Hour })
	ctx := w.member(t, organization, "many", "ORG_VIEWER") // by one token

	var made atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			out, err := w.CreateMyToken(ctx, &actionplanev1.CreateMyTokenRequest{Name: "x"})
			if err == nil && out.GetToken().GetExpiresAt() != nil {
				made.Add(1)
				return
			}
			wantCode(t, err, fault.CodeExhausted, "5 are allowed")
		})
	}
	all.Wait()
	if made.Load() != 4 {
		t.Errorf("%d were made beside the first", made.Load())
	}
	w.exec(t, `UPDATE tokens SET expires_at = now() WHERE name = 'x'`)
	if _, err := w.CreateMyToken(ctx, &actionplanev1.CreateMyTokenRequest{Name: "y"}); err != nil {
		t.Errorf("dead ones count: %v", err)
	}
	_, err := w.CreateMyToken(ctx, &actionplanev1.CreateMyTokenRequest{Name: "z", ExpiresAt: timestamppb.New(time.Now().Add(2 * time.Hour))})
	wantCode(t, err, fault.CodeInvalid, "1h0m0s at most")
}
