package program

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/dop251/goja"
	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCompile(t *testing.T) {
	t.Parallel()
	t.Run("SyntaxErrorsHaveTheirPosition", func(t *testing.T) {
		t.Parallel()
		for source, want := range map[string]SyntaxError{
			"function a( {":            {Line: 1, Column: 14},
			"var a = 1;\n  let a = 2;": {Line: 2, Column: 7},
			"\n\nexport default 1":     {Line: 3, Column: 1},
			"await 1\nreturn":          {Line: 1, Column: 7},
		} {
			_, err := Compile(DefaultName, source)
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Line != want.Line || syntax.Column != want.Column || syntax.Message == "" {
				t.Errorf("%q gives %+v, want %d:%d", source, syntax, want.Line, want.Column)
			}
		}
	})
	t.Run("TextIsTheOriginalPlatforms", func(t *testing.T) {
		t.Parallel()
		for _, source := range []string{"function a() { return 1 +", "let a; let a", "1 = 2", "x => {", "break"} {
			_, err := Compile(DefaultName, source)
			_, want := goja.New().RunString(source)
			if err == nil || want == nil || err.Error() != want.Error() {
				t.Errorf("%q gives %q, goja says %q", source, err, want)
			}
		}
	})
	t.Run("SourceMapsAreNotFollowed", func(t *testing.T) {
		t.Parallel()
		if _, err := Compile(DefaultName, "1\n//# sourceMappingURL=/nonexistent"); err != nil {
			t.Errorf("a file was looked for: %v", err)
		}
	})
	t.Run("LongSourcesAreRefused", func(t *testing.T) {
		t.Parallel()
		if _, err := Compile(DefaultName, strings.Repeat(" ", MaxSource+1)); err == nil {
			t.Error("was compiled")
		}
	})
}

func TestCache(t *testing.T) {
	t.Parallel()
	t.Run("KeepsProgramsAndErrors", func(t *testing.T) {
		t.Parallel()
		c := newCache(t, Config{})
		good, bad := "function a() {}", "function ("
		if _, found, _ := c.Lookup(invocation.HashOf(good)); found {
			t.Error("an empty cache knows something")
		}
		compiled, err := c.Compile(invocation.HashOf(good), good)
		if err != nil {
			t.Fatal(err)
		}
		if p, found, err := c.Lookup(invocation.HashOf(good)); p != compiled || !found || err != nil {
			t.Errorf("found %v, %v, %v", p, found, err)
		}
		_, want := c.Compile(invocation.HashOf(bad), bad)
		if _, found, err := c.Lookup(invocation.HashOf(bad)); !found || want == nil || !errors.Is(err, want) {
			t.Errorf("found %v, %v; want %v", found, err, want)
		}
	})
	t.Run("RefusesAForeignHash", func(t *testing.T) {
		t.Parallel()
		c := newCache(t, Config{})
		if _, err := c.Compile(invocation.HashOf("a"), "b"); !errors.Is(err, ErrHash) {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("IsBounded", func(t *testing.T) {
		t.Parallel()
		c := newCache(t, Config{MaxBytes: 10 * entryOverhead})
		for i := range 200 {
			source := fmt.Sprintf("var a = %d", i)
			if _, err := c.Compile(invocation.HashOf(source), source); err != nil {
				t.Fatal(err)
			}
		}
		c.outcomes.CleanUp()
		if size := c.outcomes.WeightedSize(); size > 10*entryOverhead {
			t.Errorf("weighs %d", size)
		}
	})
}

func newCache(t *testing.T, cfg Config) *Cache {
	t.Helper()
	c, err := NewCache(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// FuzzCompile compiles anything: no panic.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{"function a(ctx, api) { return {...ctx} }", "/(/", "`${", "class A { #x = 1 }", "async () => { for await (x of y); }"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, source string) {
		_, _ = Compile(DefaultName, source)
	})
}
