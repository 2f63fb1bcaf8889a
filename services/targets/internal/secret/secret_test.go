package secret_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/services/targets/internal/secret"
)

func box(t testing.TB, master string) *secret.Box {
	t.Helper()
	b, err := secret.NewBox(config.NewSecret(master))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBox(t *testing.T) {
	t.Parallel()
	ours, theirs := box(t, "0123456789abcdef"), box(t, "0123456789abcdeg")
	key := config.NewSecret("the key")

	t.Run("OpensWhatItSealed", rapid.MakeCheck(func(t *rapid.T) {
		plain, owner := rapid.String().Draw(t, "plain"), rapid.String().Draw(t, "owner")
		got, err := ours.Open(ours.Seal(config.NewSecret(plain), owner), owner)
		if err != nil || got.Reveal() != plain {
			t.Fatalf("got %q, %v", got.Reveal(), err)
		}
	}))
	t.Run("OpensForItsOwnerAlone", rapid.MakeCheck(func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		if _, err := ours.Open(ours.Seal(key, a), b); (err == nil) != (a == b) || (err != nil && !errors.Is(err, secret.ErrDamaged)) {
			t.Fatalf("sealed for %q, opened for %q: %v", a, b, err)
		}
	}))
	t.Run("NoticesEveryFlippedBit", rapid.MakeCheck(func(t *rapid.T) {
		sealed := ours.Seal(key, "owner")
		sealed.Data[rapid.IntRange(0, len(sealed.Data)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := ours.Open(sealed, "owner"); !errors.Is(err, secret.ErrDamaged) {
			t.Fatal(err)
		}
	}))
	t.Run("SaysThatTheMasterKeyIsAnother", func(t *testing.T) {
		t.Parallel()
		_, err := theirs.Open(ours.Seal(key, "owner"), "owner")
		if !errors.Is(err, secret.ErrMasterKey) || !strings.Contains(err.Error(), ours.KeyID()) || !strings.Contains(err.Error(), theirs.KeyID()) {
			t.Fatal(err)
		}
	})
	t.Run("KeyIDOfTheSameMasterKeyIsTheSame", func(t *testing.T) {
		t.Parallel()
		if again := box(t, "0123456789abcdef"); again.KeyID() != ours.KeyID() || theirs.KeyID() == ours.KeyID() {
			t.Errorf("%s, %s, %s", ours.KeyID(), again.KeyID(), theirs.KeyID())
		}
	})
	t.Run("SameSecretLooksDifferentEveryTime", func(t *testing.T) {
		t.Parallel()
		if bytes.Equal(ours.Seal(key, "o").Data, ours.Seal(key, "o").Data) {
			t.Error("alike")
		}
	})
	t.Run("CutShortIsDamaged", func(t *testing.T) {
		t.Parallel()
		if _, err := ours.Open(secret.Sealed{KeyID: ours.KeyID()}, "o"); !errors.Is(err, secret.ErrDamaged) {
			t.Error(err)
		}
	})
	t.Run("ShortMasterKeyIsRefused", func(t *testing.T) {
		t.Parallel()
		if _, err := secret.NewBox(config.NewSecret("0123456789abcde")); err == nil {
			t.Error("accepted")
		}
	})
}

func TestNewSigningKey(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[a-zA-Z0-9]{36}$`)
	counts := map[rune]int{}
	seen := map[string]bool{}
	for range 2000 {
		key := secret.NewSigningKey()
		if !form.MatchString(key.Reveal()) || seen[key.Reveal()] {
			t.Fatalf("bad or repeated key %q", key.Reveal())
		}
		if shown := fmt.Sprintf("%v %+v", key, struct{ K config.Secret }{key}); strings.Contains(shown, key.Reveal()) {
			t.Fatal("prints itself")
		}
		seen[key.Reveal()] = true
		for _, r := range key.Reveal() {
			counts[r]++
		}
	}
	// 72,000 characters, about 1161 of each: 800 is ten deviations off.
	for r, n := range counts {
		if len(counts) != 62 || n < 800 {
			t.Errorf("%d characters; %q %d times", len(counts), r, n)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	ours := box(b, "0123456789abcdef")
	sealed := ours.Seal(secret.NewSigningKey(), "tenant/69629012906488334")
	for b.Loop() {
		if _, err := ours.Open(sealed, "tenant/69629012906488334"); err != nil {
			b.Fatal(err)
		}
	}
}

func TestNewEd25519(t *testing.T) {
	t.Parallel()
	seed, public := secret.NewEd25519()
	key := ed25519.NewKeyFromSeed([]byte(seed.Reveal()))
	if !ed25519.Verify(public, []byte("m"), ed25519.Sign(key, []byte("m"))) {
		t.Error("the halves do not belong together")
	}
	if text := secret.PublicText(public); !regexp.MustCompile(`^whpk_[A-Za-z0-9+/]{43}=$`).MatchString(text) {
		t.Errorf("got %s", text)
	}
	if other, _ := secret.NewEd25519(); other.Reveal() == seed.Reveal() {
		t.Error("two seeds are alike")
	}
}
