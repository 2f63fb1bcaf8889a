package oidc_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/access/internal/oidc"
	"github.com/actionplane/actionplane/services/access/internal/oidc/oidctest"
)

// clock is a clock that only moves when it is told to.
type clock struct{ ahead atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// policy is one in which nothing happens by itself.
var policy = oidc.Policy{KeysTTL: time.Hour, KeysMaxAge: 24 * time.Hour, RefreshInterval: time.Minute}

// bench is an issuer and a verifier that knows it.
type bench struct {
	*oidctest.Issuer
	verifier *oidc.Verifier
	settings oidc.Settings
	clock    *clock
}

func setup(t testing.TB) *bench {
	t.Helper()
	issuer, c := oidctest.Start(t), &clock{}
	allow, err := egress.ParseAllow("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	web := oidc.NewWeb(egress.NewGuard(allow), true, 10*time.Second)
	keys := oidc.NewKeys(web, policy, c.Now, slog.New(slog.DiscardHandler))
	return &bench{
		Issuer:   issuer,
		verifier: oidc.NewVerifier(keys, c.Now),
		settings: settingsOf(issuer.URL()),
		clock:    c,
	}
}

func settingsOf(issuer string) oidc.Settings {
	return oidc.Settings{Issuer: issuer, Audiences: []string{oidctest.Audience, "console"}, ClockSkew: time.Minute}.WithDefaults()
}

// verify reads a token and checks it.
func (b *bench) verify(ctx context.Context, raw string) (oidc.Claims, error) {
	token, ok := oidc.Parse(raw)
	if !ok {
		return oidc.Claims{}, &oidc.InvalidError{Reason: "no token"}
	}
	if token.Issuer != b.URL() {
		return oidc.Claims{}, &oidc.InvalidError{Reason: "another issuer"}
	}
	return b.verifier.Verify(ctx, b.settings, token)
}

func isInvalid(err error) bool {
	invalid := new(oidc.InvalidError)
	return errors.As(err, &invalid)
}

func TestVerify(t *testing.T) {
	t.Parallel()

	t.Run("ReadsAGoodToken", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.settings.RolesClaim, b.settings.OrganizationClaim = "realm_access.roles", "https://example.com/org.id"
		c, err := b.verify(t.Context(), b.Token(t, "alice", map[string]any{
			"email": "Alice@Example.com", "email_verified": true, "name": " Alice\tA. ",
			"realm_access": map[string]any{"roles": []any{"a", 7, "b"}}, "https://example.com/org.id": "o",
		}))
		if err != nil || c.Subject != "alice" || c.Email != "Alice@Example.com" || c.Name != "Alice A." ||
			c.Organization != "o" || strings.Join(c.Values, ",") != "a,b" {
			t.Errorf("got %+v, %v", c, err)
		}
	})
	t.Run("TakesEveryAlgorithm", func(t *testing.T) {
		t.Parallel()
		rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		_, edKey, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range []oidctest.Key{
			{ID: "rs", Algorithm: jose.RS512, Private: rsaKey}, {ID: "ps", Algorithm: jose.PS256, Private: rsaKey}, {ID: "ed", Algorithm: jose.EdDSA, Private: edKey},
		} {
			b := setup(t)
			b.Use(k)
			if _, err := b.verify(t.Context(), b.Token(t, "alice", nil)); err != nil {
				t.Errorf("%s: %v", k.Algorithm, err)
			}
		}
	})
	t.Run("WithoutAKeyIDItTriesAll", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		k := b.Current()
		k.ID = ""
		if _, err := b.verify(t.Context(), oidctest.Sign(t, k, nil, b.Claims("alice", nil))); err != nil {
			t.Error(err)
		}
	})
	t.Run("CountsAnAddressOnlyWhereItIsVerified", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		for verified, want := range map[any]string{true: "a@b.c", "true": "a@b.c", false: "", "yes": "", nil: "", 1: ""} {
			c, err := b.verify(t.Context(), b.Token(t, "alice", map[string]any{"email": "a@b.c", "email_verified": verified}))
			if err != nil || c.Email != want {
				t.Errorf("%v: got %+v, %v", verified, c, err)
			}
		}
		for _, email := range []any{"ab.c", "@b.c", "a@", "a@b@c", "a b@c", "ä@b.c", "a@b.c\n", strings.Repeat("a", 300) + "@b.c", []any{"a@b.c"}} {
			if c, err := b.verify(t.Context(), b.Token(t, "alice", map[string]any{"email": email, "email_verified": true})); err != nil || c.Email != "" {
				t.Errorf("%v: got %+v, %v", email, c, err)
			}
		}
	})
	t.Run("ReadsRolesOfEveryShape", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.settings.RolesClaim = "r"
		for want, claim := range map[string]any{"one": "one", "a,b": []any{"a", "b"}, "x,y": map[string]any{"y": 1, "x": nil}, "": 7} {
			c, err := b.verify(t.Context(), b.Token(t, "alice", map[string]any{"r": claim}))
			if err != nil || strings.Join(c.Values, ",") != want {
				t.Errorf("%v: got %v, %v", claim, c.Values, err)
			}
		}
	})
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.verify(t.Context(), b.Token(t, "alice", nil)); err != nil { // its keys are known from here on
		t.Fatal(err)
	}
	now := time.Now().Unix()

	for name, changes := range map[string]map[string]any{
		"Expired":                  {"exp": now - 61},
		"WithoutExpiry":            {"exp": nil},
		"ExpiryIsNoNumber":         {"exp": "tomorrow"},
		"NotYetValid":              {"nbf": now + 120},
		"IssuedInTheFuture":        {"iat": now + 120},
		"ForOthers":                {"aud": "somebody"},
		"ForNobody":                {"aud": nil},
		"ForManyButMadeForOthers":  {"aud": []string{"x", oidctest.Audience}, "azp": "x"},
		"ForManyButMadeForNobody":  {"aud": []string{"x", oidctest.Audience}},
		"WithoutSubject":           {"sub": nil},
		"WithAnEmptySubject":       {"sub": ""},
		"WithAVeryLongSubject":     {"sub": strings.Repeat("s", 256)},
		"OfAnotherIssuer":          {"iss": "https://evil.example.com"},
		"OfAnIssuerWithASlashMore": {"iss": b.URL() + "/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c, err := b.verify(t.Context(), b.Token(t, "alice", changes)); !isInvalid(err) {
				t.Errorf("got %+v, %v", c, err)
			}
		})
	}
	for name, changes := range map[string]map[string]any{
		"ExpiredWithinTheSkew": {"exp": now - 30},
		"EarlyWithinTheSkew":   {"nbf": now + 30, "iat": now + 30},
		"ForManyAndMadeForUs":  {"aud": []string{"x", oidctest.Audience}, "azp": "console"},
	} {
		t.Run("ButNot"+name, func(t *testing.T) {
			t.Parallel()
			if _, err := b.verify(t.Context(), b.Token(t, "alice", changes)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestVerifyIsNotConfused holds the attacks that have a name.
func TestVerifyIsNotConfused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good := b.Token(t, "alice", nil)
	if _, err := b.verify(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString
	public, err := x509.MarshalPKIXPublicKey(b.Current().Private.Public())
	if err != nil {
		t.Fatal(err)
	}
	hmac := func(alg jose.SignatureAlgorithm, secret []byte) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: secret, KeyID: b.Current().ID}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		token, err := jwt.Signed(signer).Claims(b.Claims("mallory", nil)).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	stranger := oidctest.Start(t)
	forged := stranger.Current()
	forged.ID = b.Current().ID
	own := jose.JSONWebKey{Key: forged.Private.Public(), KeyID: "mine"}

	for name, token := range map[string]string{
		"NoSignature":           encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
		"NoneInCapitals":        encode([]byte(`{"alg":"NONE"}`)) + "." + parts[1] + "." + parts[2],
		"PublicKeyAsSecret":     hmac(jose.HS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		"PublicKeyDERAsSecret":  hmac(jose.HS512, public),
		"AStrangersKey":         oidctest.Sign(t, forged, nil, b.Claims("mallory", nil)),
		"AKeyThatItBrings":      oidctest.Sign(t, forged, map[jose.HeaderKey]any{"jwk": own}, b.Claims("mallory", nil)),
		"AKeyThatItPointsTo":    oidctest.Sign(t, forged, map[jose.HeaderKey]any{"jku": stranger.URL() + "/keys"}, b.Claims("mallory", nil)),
		"AnUnknownCriticalPart": oidctest.Sign(t, b.Current(), map[jose.HeaderKey]any{"crit": []string{"exp"}, "exp": 1}, b.Claims("alice", nil)),
		"ALogoutToken":          oidctest.Sign(t, b.Current(), map[jose.HeaderKey]any{"typ": "logout+jwt"}, b.Claims("alice", nil)),
		"OtherClaims":           parts[0] + "." + encode([]byte(`{"iss":"`+b.URL()+`","sub":"mallory"}`)) + "." + parts[2],
		"NoSignatureBytes":      parts[0] + "." + parts[1] + ".",
		"TooBig":                b.Token(t, "alice", map[string]any{"pad": strings.Repeat("x", oidc.MaxToken)}),
		"NotEvenAToken":         "a.b.c",
		"IssuerInOtherCase":     parts[0] + "." + encode([]byte(`{"ISS":"`+b.URL()+`"}`)) + "." + parts[2],
		"IssuerTwice":           parts[0] + "." + encode([]byte(`{"iss":"x","iss":"`+b.URL()+`"}`)) + "." + parts[2],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c, err := b.verify(t.Context(), token); !isInvalid(err) {
				t.Errorf("got %+v, %v", c, err)
			}
		})
	}
	t.Run("AlgorithmsThatTheIssuerDoesNotUse", func(t *testing.T) {
		t.Parallel()
		narrow := b.settings
		narrow.Algorithms = []string{"RS256"}
		token, ok := oidc.Parse(good)
		if !ok {
			t.Fatal("no token")
		}
		if _, err := b.verifier.Verify(t.Context(), narrow, token); !isInvalid(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("AWeakKeyIsNone", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		weak, err := rsa.GenerateKey(rand.Reader, 1024)
		if err != nil {
			t.Fatal(err)
		}
		b.Use(oidctest.Key{ID: "weak", Algorithm: jose.RS256, Private: weak})
		if _, err := b.verify(t.Context(), b.Token(t, "alice", nil)); fault.CodeOf(err) != fault.CodeUnavailable {
			t.Errorf("got %v", err)
		}
	})
}

func TestKeys(t *testing.T) {
	t.Parallel()

	t.Run("AreFetchedOnceAndRemembered", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		token := b.Token(t, "alice", nil)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if _, err := b.verify(t.Context(), token); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := b.Fetches(); n != 1 {
			t.Errorf("fetched %d times", n)
		}
	})
	t.Run("OfARotationAreFoundAtTheirFirstToken", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		old := b.Token(t, "alice", nil)
		if _, err := b.verify(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		b.clock.advance(2 * time.Minute)
		b.Rotate(t)
		if _, err := b.verify(t.Context(), b.Token(t, "alice", nil)); err != nil {
			t.Error(err)
		}
		if _, err := b.verify(t.Context(), old); !isInvalid(err) {
			t.Errorf("a key that is withdrawn still counts: %v", err)
		}
	})
	t.Run("OfAFloodOfUnknownNamesAreAskedForOnceInAnInterval", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		if _, err := b.verify(t.Context(), b.Token(t, "alice", nil)); err != nil {
			t.Fatal(err)
		}
		flood := func() {
			k := b.Current()
			var all sync.WaitGroup
			for range 20 {
				k.ID = rand.Text()
				token := oidctest.Sign(t, k, nil, b.Claims("mallory", nil))
				all.Go(func() {
					if _, err := b.verify(t.Context(), token); !isInvalid(err) {
						t.Errorf("got %v", err)
					}
				})
			}
			all.Wait()
		}
		flood() // within the interval of the first fetch
		if n := b.Fetches(); n != 1 {
			t.Errorf("fetched %d times", n)
		}
		b.clock.advance(2 * time.Minute)
		flood()
		if n := b.Fetches(); n != 2 {
			t.Errorf("fetched %d times", n)
		}
		if _, err := b.verify(t.Context(), b.Token(t, "alice", nil)); err != nil {
			t.Errorf("the flood shut out a good token: %v", err)
		}
	})
	t.Run("GoOnWhileTheIssuerIsAway", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		long := func() string {
			return b.Token(t, "alice", map[string]any{"exp": time.Now().Add(100 * time.Hour).Unix()})
		}
		if _, err := b.verify(t.Context(), long()); err != nil {
			t.Fatal(err)
		}
		b.SetAway(true)
		b.clock.advance(2 * time.Hour)
		if _, err := b.verify(t.Context(), long()); err != nil {
			t.Errorf("known keys: %v", err)
		}
		b.Rotate(t)
		if _, err := b.verify(t.Context(), long()); fault.CodeOf(err) != fault.CodeUnavailable {
			t.Errorf("a key that may be new: %v", err)
		}
		b.SetAway(false)
		b.clock.advance(2 * time.Minute)
		if _, err := b.verify(t.Context(), long()); err != nil {
			t.Errorf("back again: %v", err)
		}
	})
	t.Run("DoNotGoOnForEver", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		token := b.Token(t, "alice", map[string]any{"exp": time.Now().Add(100 * time.Hour).Unix()})
		if _, err := b.verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		b.SetAway(true)
		b.clock.advance(25 * time.Hour)
		if _, err := b.verify(t.Context(), token); fault.CodeOf(err) != fault.CodeUnavailable {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ThatWereNeverThereAreUnavailable", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.SetAway(true)
		for range 3 {
			if _, err := b.verify(t.Context(), b.Token(t, "alice", nil)); fault.CodeOf(err) != fault.CodeUnavailable {
				t.Errorf("got %v", err)
			}
		}
	})
	t.Run("OfOneThatCallsItselfOtherwiseDoNotCount", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.CallItself("https://login.example.com")
		if _, err := b.verify(t.Context(), b.Token(t, "alice", nil)); fault.CodeOf(err) != fault.CodeUnavailable {
			t.Errorf("got %v", err)
		}
	})
	t.Run("AreNotFetchedFromPrivateAddresses", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		web := oidc.NewWeb(egress.NewGuard(egress.AllowList{}), true, 10*time.Second)
		_, err := web.Fetch(t.Context(), b.URL())
		if denial := new(egress.Denial); !errors.As(err, &denial) || b.Fetches() > 0 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("AreNotFetchedWithoutTLSUnlessAllowed", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		allow, err := egress.ParseAllow("127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		web := oidc.NewWeb(egress.NewGuard(allow), false, 10*time.Second)
		if _, err := web.Fetch(t.Context(), b.URL()); err == nil || b.Fetches() > 0 {
			t.Errorf("got %v", err)
		}
	})
}

func FuzzParse(f *testing.F) {
	issuer := oidctest.Start(f)
	good := issuer.Token(f, "alice", nil)
	f.Add(good)
	f.Add(strings.Replace(good, ".", "", 1))
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("..")
	f.Fuzz(func(t *testing.T, raw string) {
		if token, ok := oidc.Parse(raw); ok && (token.Issuer == "" || len(raw) > oidc.MaxToken) {
			t.Errorf("%q is taken for a token of %q", raw, token.Issuer)
		}
	})
}

func FuzzMapping(f *testing.F) {
	f.Add("ops=ORG_ADMIN, a=b=IAM_OWNER,")
	f.Fuzz(func(t *testing.T, text string) {
		var read, again oidc.Mapping
		if read.UnmarshalText([]byte(text)) != nil {
			return
		}
		written, err := read.MarshalText()
		if err != nil || again.UnmarshalText(written) != nil || !maps.Equal(read, again) {
			t.Errorf("%q became %v, then %v", text, read, again)
		}
	})
}
