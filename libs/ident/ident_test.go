package ident_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
)

func TestIsSnowflake(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"1":                    true,
		"69629023906488334":    true, // as the original service made them
		"9223372036854775807":  true,
		"9223372036854775808":  false,
		"99999999999999999999": false,
		"":                     false,
		"0":                    false,
		"01":                   false,
		"+1":                   false,
		"-1":                   false,
		" 1":                   false,
		"1 ":                   false,
		"1_000":                false,
		"0x1":                  false,
		"1e3":                  false,
		"١":                    false,
	} {
		if got := ident.IsSnowflake(id); got != want {
			t.Errorf("IsSnowflake(%q) = %t", id, got)
		}
	}
}

func TestTimeRefusesWhatIsNoSnowflake(t *testing.T) {
	t.Parallel()
	if _, err := ident.Time("abc"); fault.CodeOf(err) != fault.CodeInvalid {
		t.Errorf("Time = %v, want a fault.Invalid", err)
	}
}

func TestOfIsTheSameIDAgain(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	id := ident.Of(at, 7)
	if made := ident.TimeOf(id); id != ident.Of(at, 7) || !made.Equal(at) {
		t.Errorf("%d was made at %v", id, made)
	}
	for _, other := range []int64{ident.Of(at, 8), ident.Of(at.Add(time.Millisecond), 7), ident.Of(time.Time{}, 7)} {
		if other == id || !ident.IsSnowflake(strconv.FormatInt(other, 10)) {
			t.Errorf("%d beside %d", other, id)
		}
	}
}

func TestRandomNodeFitsItsBits(t *testing.T) {
	t.Parallel()
	seen := map[uint16]bool{}
	for range 1000 {
		node := ident.RandomNode()
		if node > 1023 {
			t.Fatalf("node %d", node)
		}
		seen[node] = true
	}
	if len(seen) < 100 {
		t.Errorf("1000 nodes are only %d different ones", len(seen))
	}
}

// uuidPattern is the one that the approvals API publishes for its ids.
var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func TestIsUUIDIsThePublishedPattern(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.StringMatching(uuidPattern.String()),
			rapid.StringMatching(`[0-9a-fA-Fg-]{35,37}`),
			rapid.StringMatching(`[0-9a-fA-F]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{11}.?`),
			rapid.String(),
		).Draw(t, "s")
		if got, want := ident.IsUUID(s), uuidPattern.MatchString(s) && !strings.HasSuffix(s, "\n"); got != want {
			t.Fatalf("IsUUID(%q) = %t", s, got)
		}
	})
}

func TestNewUUIDIsVersion7AndSorts(t *testing.T) {
	t.Parallel()
	last := ""
	for range 1000 {
		id := ident.NewUUID()
		if !ident.IsUUID(id) || id[14] != '7' {
			t.Fatalf("NewUUID = %q", id)
		}
		if id <= last {
			t.Fatalf("%s follows %s", id, last)
		}
		last = id
	}
}

func FuzzTime(f *testing.F) {
	f.Add("1")
	f.Add("-9223372036854775808")
	f.Fuzz(func(t *testing.T, id string) {
		made, err := ident.Time(id)
		if (err == nil) != ident.IsSnowflake(id) {
			t.Errorf("Time(%q) = %v, %v", id, made, err)
		}
		if err != nil {
			return
		}
		if n, _ := strconv.ParseUint(id, 10, 63); strconv.FormatUint(n, 10) != id {
			t.Errorf("%q is not how its number is written", id)
		}
	})
}

func ExampleSource() {
	ids := ident.NewSource(ident.RandomNode())
	first, second := ids.Next(), ids.Next()
	made, err := ident.Time(first)
	fmt.Println(ident.IsSnowflake(first), first < second)
	fmt.Println(time.Since(made) < time.Minute, err)
	// Output:
	// true true
	// true <nil>
}

func ExampleIsUUID() {
	fmt.Println(ident.IsUUID(ident.NewUUID()))
	fmt.Println(ident.IsUUID("95B11417-F18F-457F-8804-68E361F9164F"))
	// Output:
	// true
	// false
}
