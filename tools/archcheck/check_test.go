package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()

	t.Run("AWholeRepositoryHasNoFindings", func(t *testing.T) {
		t.Parallel()
		if got := checkFixture(t, "clean"); len(got) != 0 {
			t.Errorf("findings:\n%s", strings.Join(got, "\n"))
		}
	})

	t.Run("EveryBreachIsOneLine", func(t *testing.T) {
		t.Parallel()
		want := []string{
			`README.md: is missing at the top of the repository`,
			`libs/mute: imports services/access: libraries know no service`,
			`libs/mute: no package comment that starts "Package mute "`,
			`libs/sdk: imports libs/fault: the SDK is for strangers, who get it and the contracts alone`,
			`pkg: does not belong at the top of the repository`,
			`proto/contract: imports libs/fault: contracts depend on nothing of ours`,
			`proto/errors.tsv: no code answers COMMAND-n0b0dy`,
			`services/access/internal/role: imports services/access: only its commands and services/allinone may import a service`,
			`services/targets/internal/gone: is listed as pure and is not there`,
			`services/targets/internal/target/target.go: error COMMAND-unl1sted is not in proto/errors.tsv`,
			`services/targets/internal/target/target.go: error UNLISTED_CONSTANT is not in proto/errors.tsv`,
			`services/targets/internal/target/target.go: error UNLISTED_REASON is not in proto/errors.tsv`,
			`services/targets/internal/target/target.go:13: a pure package uses time.Now`,
			`services/targets/internal/target/target.go:16: a pure package uses time.Now`,
			`services/targets/internal/target/target.go:5: a pure package imports os`,
			`services/targets: has no cmd/targets/main.go`,
			`services/targets: has no config.go`,
			`services/targets: has no service.go`,
			`services/targets: imports services/access: services meet only in messages`,
		}
		got := checkFixture(t, "broken")
		// What go list says about two packages in one folder is its own wording.
		got = slices.DeleteFunc(got, func(f string) bool { return strings.HasPrefix(f, "services/targets/internal/nowhere: ") })
		if !slices.Equal(got, want) {
			t.Errorf("findings:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})

	t.Run("APackageThatCannotBeReadIsAFinding", func(t *testing.T) {
		t.Parallel()
		found := slices.ContainsFunc(checkFixture(t, "broken"), func(f string) bool {
			return strings.HasPrefix(f, "services/targets/internal/nowhere: ") && strings.Contains(f, "elsewhere")
		})
		if !found {
			t.Error("two packages in one folder went unseen")
		}
	})

	t.Run("NoWorkspaceIsAnError", func(t *testing.T) {
		t.Parallel()
		if got, err := check(t.Context(), t.TempDir(), ""); err == nil {
			t.Errorf("findings %q and no error", got)
		}
	})
}

// checkFixture checks one repository of testdata under its own rules.
func checkFixture(t *testing.T, name string) []string {
	t.Helper()
	root := filepath.Join("testdata", name)
	rules, err := os.ReadFile(filepath.Join(root, "services", "pure.txt"))
	if err != nil {
		t.Fatal(err)
	}
	findings, err := check(t.Context(), root, string(rules))
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

func TestForbidden(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		ok       bool
	}{
		{"services/targets/cmd/targets", "services/targets", true},
		{"services/targets", "services/targets/internal/store", true},
		{"services/targets/internal/store", "services/targets/internal/target", true},
		{"services/targets/internal/store", "services/targets", false},
		{"services/targets/cmd/targets", "services/access", false},
		{"services/targets", "services/targetsx", false},
		{"services/targets", "services/allinone/internal/show", false},
		{"services/allinone", "services/targets", true},
		{"services/allinone/internal/show", "services/targets", true},
		{"services/targets", "libs/bus", true},
		{"services/targets", "libs/sdk", true},
		{"libs/bus", "proto/contract", true},
		{"libs/bus", "services/targets/internal/target", false},
		{"libs/sdk/sdkgrpc", "libs/sdk", true},
		{"libs/sdk/sdkgrpc", "proto/gen/go/actionplane/hooks/v1", true},
		{"libs/sdk/sdkgrpc", "libs/fault", false},
		{"libs/sdk", "services/targets", false},
		{"proto/gen/go/edge", "proto/contract", true},
		{"proto/contract", "libs/sdk", false},
		{"proto/contract", "services/targets", false},
	} {
		if why := forbidden(c.from, c.to); (why == "") != c.ok {
			t.Errorf("forbidden(%s, %s) = %q, want allowed: %v", c.from, c.to, why, c.ok)
		}
	}
}

func TestParsePurity(t *testing.T) {
	t.Parallel()

	t.Run("OurOwnRulesAreRead", func(t *testing.T) {
		t.Parallel()
		rules, err := parsePurity(pureRules)
		if err != nil || len(rules.pure) == 0 || len(rules.may) == 0 || !rules.never["time.Now"] {
			t.Fatalf("%d pure, %d may, %d never, %v", len(rules.pure), len(rules.may), len(rules.never), err)
		}
	})

	t.Run("AnOddLineIsNamed", func(t *testing.T) {
		t.Parallel()
		_, err := parsePurity("# fine\n\nmay os net\n")
		if err == nil || !strings.Contains(err.Error(), "pure.txt:3") {
			t.Fatalf("got %v", err)
		}
	})
}
