package reference

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var (
	placeholder = regexp.MustCompile(`\{\{(\w+)\}\}`)
	// inQuotes are the characters that a shell takes for its own between double
	// quotes, unquoted those that it takes in a here-document.
	inQuotes = strings.NewReplacer(`\`, `\\`, `$`, `\$`, "`", "\\`", `"`, `\"`)
	unquoted = strings.NewReplacer(`\`, `\\`, `$`, `\$`, "`", "\\`")
)

// curl is an example as one types it in a shell: what earlier answers have
// given are variables.
func curl(e example) string {
	var text strings.Builder
	fmt.Fprintf(&text, `curl -X %s "$ACTIONPLANE%s"`, e.Verb, filled(e.Path, inQuotes))
	for _, name := range slices.Sorted(maps.Keys(e.headers())) {
		fmt.Fprintf(&text, " \\\n  -H \"%s: %s\"", name, filled(e.headers()[name], inQuotes))
	}
	if len(e.Body) > 0 {
		fmt.Fprintf(&text, " \\\n  -d @- <<JSON\n%s\nJSON", filled(pretty(e.Body), unquoted))
	}
	return text.String()
}

// headers are all that are sent.
func (e example) headers() map[string]string {
	all := map[string]string{}
	if !e.Public {
		all["Authorization"] = "Bearer {{TOKEN}}"
	}
	if len(e.Body) > 0 {
		all["Content-Type"] = "application/json"
	}
	maps.Copy(all, e.Headers)
	return all
}

// filled escapes a text for a shell and turns {{name}} into ${name}.
func filled(text string, escape *strings.Replacer) string {
	return placeholder.ReplaceAllString(escape.Replace(text), "$${$1}")
}

func pretty(body []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") != nil {
		return string(body)
	}
	return out.String()
}

// outcome says what comes of an example.
func outcome(e example) []string {
	status := fmt.Sprintf("answers %d", e.Status)
	if e.Eventually {
		status += ", after a moment"
	}
	lines := []string{status}
	for _, path := range slices.Sorted(maps.Keys(e.Expect)) {
		lines = append(lines, path+" is "+placeholder.ReplaceAllString(e.Expect[path], "$${$1}"))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Save)) {
		lines = append(lines, fmt.Sprintf("%s is used as ${%s} from here on", e.Save[name], name))
	}
	return lines
}
