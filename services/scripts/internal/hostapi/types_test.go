package hostapi

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/actionplane/actionplane/services/scripts/types"
)

// The declarations that authors get name exactly what there is.
func TestTypes(t *testing.T) {
	t.Parallel()
	globals, modules := declarations(t, "globals.d.ts"), declarations(t, "modules.d.ts")
	compare(t, "globals", names(globals, `(?m)^declare (?:function|class|const) (\w+)`), slices.Collect(maps.Keys(newGlobals())))
	compare(t, "console", names(block(t, globals, `interface Console \{`), `(?m)^  (\w+)\(`), consoleNames)
	compare(t, "modules", names(modules, `(?m)^declare module "([^"]+)"`), Modules())
	compare(t, "required modules", names(globals, `require\(name: "([^"]+)"`), Modules())
	for module, want := range map[string][]string{
		"zitadel/log": logNames, "zitadel/http": httpNames, "zitadel/uuid": uuidNames,
		"actionplane/crypto": cryptoNames, "actionplane/jwt": jwtNames, "actionplane/secrets": secretNames,
	} {
		body := block(t, modules, `declare module "`+module+`" \{`)
		compare(t, module, names(body, `(?m)^  export (?:function|const) (\w+)`), want)
	}
	compare(t, "response", names(block(t, modules, `interface HttpResponse \{`), `(?m)^    (?:readonly )?(\w+)[:(]`), responseNames)
}

// Every member of the classes is there too.
func TestTypesOfClasses(t *testing.T) {
	t.Parallel()
	globals := declarations(t, "globals.d.ts")
	samples := map[string]string{
		"Headers": `new Headers()`, "Request": `new Request("http://h")`, "Response": `new Response()`, "FormData": `new FormData()`,
		"URL": `new URL("http://h")`, "URLSearchParams": `new URLSearchParams()`, "TextEncoder": `new TextEncoder()`,
		"TextDecoder": `new TextDecoder()`, "Event": `new Event("x")`, "EventTarget": `new EventTarget()`,
		"AbortController": `new AbortController()`, "AbortSignal": `AbortSignal.abort()`, "DOMException": `new DOMException()`,
	}
	w := newWorld(t, Config{})
	for class, sample := range samples {
		body := block(t, globals, `declare class `+class+`\b[^{]*\{`)
		for _, name := range names(body, `(?m)^  (?:readonly )?(\w+)[:(]`) {
			if name != "constructor" && w.eval(t, `"`+name+`" in `+sample) != "true" {
				t.Errorf("%s has no %s", class, name)
			}
		}
		for _, name := range names(body, `(?m)^  static (\w+)\(`) {
			if w.eval(t, `typeof `+class+`.`+name) != `"function"` {
				t.Errorf("%s has no static %s", class, name)
			}
		}
		declared := append(names(body, `(?m)^  (?:readonly )?(\w+)[:(]`), "constructor", "toString", "toJSON")
		own := `Object.getOwnPropertyNames(` + class + `.prototype).filter(k => !` + quoted(declared) + `.includes(k))`
		if got := w.eval(t, own); got != "[]" && (class != "DOMException" || got != `["name"]`) {
			t.Errorf("%s has undeclared %s", class, got)
		}
	}
}

func quoted(list []string) string {
	out := "["
	for _, s := range list {
		out += `"` + s + `",`
	}
	return out + "]"
}

func declarations(t *testing.T, file string) string {
	t.Helper()
	raw, err := types.Files.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// block returns what the braces behind start hold.
func block(t *testing.T, text, start string) string {
	t.Helper()
	at := regexp.MustCompile(start).FindStringIndex(text)
	if at == nil {
		t.Fatalf("there is no %s", start)
	}
	depth := 1
	for i := at[1]; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return text[at[1]:i]
			}
		}
	}
	t.Fatalf("%s does not end", start)
	return ""
}

func names(text, pattern string) []string {
	var list []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(list, m[1]) {
			list = append(list, m[1])
		}
	}
	return list
}

func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s: declared are %v, there are %v", what, got, want)
	}
}
