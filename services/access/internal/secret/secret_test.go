package secret_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/services/access/internal/secret"
)

func TestNew(t *testing.T) {
	t.Parallel()
	t.Run("IsValidAndNeverTheSame", func(t *testing.T) {
		t.Parallel()
		seen := map[string]bool{}
		for range 1000 {
			s := secret.New()
			if !secret.Valid(s) || len(s) != 53 || seen[s] {
				t.Fatalf("got %q", s)
			}
			seen[s] = true
		}
	})
	t.Run("UsesAllOfTheAlphabet", func(t *testing.T) {
		t.Parallel()
		var all strings.Builder
		for range 1000 {
			all.WriteString(secret.New()[4:47])
		}
		for _, c := range "09AZaz" {
			if n := strings.Count(all.String(), string(c)); n < 400 || n > 1000 { // 694 expected
				t.Errorf("%c came %d times", c, n)
			}
		}
	})
}

func TestValid(t *testing.T) {
	t.Parallel()
	t.Run("KnowsTheFormForEver", func(t *testing.T) {
		t.Parallel()
		// Secrets of earlier versions must stay findable: this one never changes.
		if s := "apn_" + strings.Repeat("A", 43) + "0DofJ8"; !secret.Valid(s) {
			t.Errorf("%s", s)
		}
	})
	t.Run("OneWrongCharacterIsNoticed", func(t *testing.T) {
		t.Parallel()
		s := secret.New()
		rapid.Check(t, func(t *rapid.T) {
			at := rapid.IntRange(0, len(s)-1).Draw(t, "at")
			wrong := []byte(s)
			wrong[at] = rapid.Byte().Filter(func(b byte) bool { return b != s[at] }).Draw(t, "byte")
			if secret.Valid(string(wrong)) {
				t.Fatalf("%q", wrong)
			}
		})
	})
}

func FuzzValid(f *testing.F) {
	f.Add(secret.New())
	f.Add("apn_")
	f.Add("apn_" + strings.Repeat("é", 24) + "x")
	f.Fuzz(func(t *testing.T, text string) {
		if secret.Valid(text) && (len(text) != 53 || !strings.HasPrefix(text, "apn_")) {
			t.Errorf("%q", text)
		}
	})
}
