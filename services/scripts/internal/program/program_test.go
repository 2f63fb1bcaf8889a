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
			"\n\nexport default ]":     {Line: 3, Column: 16},
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

func TestTranslate(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"module":        "import {log} from 'zitadel/log';\nexport default function a(ctx, api) {}",
		"TypeScript":    "interface Ctx { a: string }\nfunction a(ctx: Ctx, api: any): void {}",
		"for await":     "async function a(x) { for await (const y of x); }",
		"async iterate": "async function* a() { yield 1 }",
		"enum":          "enum A { B = 1 }",
	} {
		p, err := Compile(DefaultName, source)
		if err != nil || !p.Translated() {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, test := range map[string]struct{ source, want string }{
		"mistake in a module":  {"import {log} from 'zitadel/log';\nexport function a() {\n  return ]\n}", "SyntaxError: SyntaxError: (anonymous): Line 3:10 Unexpected \"]\""},
		"mistake with types":   {"const a: number = ;", "SyntaxError: SyntaxError: (anonymous): Line 1:19 Unexpected \";\""},
		"await at the top":     {"export const a = await 1", "SyntaxError: SyntaxError: (anonymous): Line 1:1 Unexpected reserved word (and 1 more errors)"},
		"mistake of the plain": {"const o = {a: 1\nfunction b() {}", ""},
	} {
		_, err := Compile(DefaultName, test.source)
		if err == nil || test.want != "" && !strings.HasPrefix(err.Error(), "SyntaxError: SyntaxError: (anonymous): Line ") {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
		if strings.HasPrefix(name, "mistake ") && test.want != "" && err.Error() != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, source, want string }{
		{"a", "function a() {}", ""},
		{"a", "const a = async (ctx, api) => {}", ""},
		{"a", "a = () => 1", ""},
		{"log context", `globalThis["log context"] = () => 1`, ""},
		{"a", "export default (ctx, api) => {}", ""},
		{"a", "export async function a(ctx: any) {}", ""},
		{"a", "if (true) { var a = function () {} }", ""},
		{"a", "function b() {}\nconst c = () => 1", `function not found: the script defines no "a", but b, c`},
		{"a", "", `function not found: the script defines no "a"`},
		{"a", "class a {}", `"a" is a class, which cannot be called`},
		{"a", "function* a() {}", `"a" is a generator: calling it runs nothing of it`},
		{"a", "function a() {\n  return ]\n}", "SyntaxError: SyntaxError: (anonymous): Line 2:10 Unexpected token ] (and 1 more errors)"},
		{"a", "let fs = require('fs');\nfunction a() {}", `there is no module "fs"`},
		{"a", "let http = require('zitadel/http');\nfunction a() {}", ""},
	} {
		got := Check(test.name, test.source)
		switch {
		case test.want == "" && len(got) > 0:
			t.Errorf("%q warns %v", test.source, got)
		case test.want != "" && (len(got) != 1 || got[0].Message != test.want):
			t.Errorf("%q warns %v, want %s", test.source, got, test.want)
		}
	}
}
