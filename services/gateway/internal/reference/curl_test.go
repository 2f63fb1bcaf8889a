package reference

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	generated "github.com/actionplane/actionplane/proto/gen/go/reference"
)

// typed has a shell run a command with a curl that prints what it is given: its
// last header, its URL and its body.
func typed(t *testing.T, command string, known map[string]string) (url, header, body string) {
	t.Helper()
	script := `curl() { printf '%s\n%s\n' "$3" "${*: -3:1}"; cat; }` + "\nACTIONPLANE=http://here\nTOKEN=ap_1\n"
	for name, value := range known {
		script += name + "='" + value + "'\n"
	}
	out, err := exec.CommandContext(t.Context(), "bash", "-euc", script+command).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, out, command)
	}
	lines := strings.SplitN(string(out), "\n", 3)
	return lines[0], lines[1], lines[2]
}

func TestCurl(t *testing.T) {
	t.Parallel()

	t.Run("WhatIsTypedIsWhatIsMeant", func(t *testing.T) {
		t.Parallel()
		e := example{
			Verb: "POST", Path: "/b/{{id}}:go?a=$1&b=c", Headers: map[string]string{"X-Last": "`x` {{id}}"},
			Body: json.RawMessage(`{"a":"{{id}}_1","b":"$HOME \\ \"quoted\" ` + "`id`" + ` 'single'"}`),
		}
		url, header, body := typed(t, curl(e), map[string]string{"id": "42"})
		if url != "http://here/b/42:go?a=$1&b=c" || header != "X-Last: `x` 42" {
			t.Errorf("%s, %s", url, header)
		}
		var got, want any
		if err := json.Unmarshal([]byte(strings.ReplaceAll(string(e.Body), "{{id}}", "42")), &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: got %s", err, body)
		}
	})
	t.Run("EveryExampleIsACommand", func(t *testing.T) {
		t.Parallel()
		var document struct {
			Examples []example `json:"x-examples"`
		}
		if err := json.Unmarshal(generated.OpenAPI, &document); err != nil {
			t.Fatal(err)
		}
		known := map[string]string{"organization": "1", "receiver": "2"}
		var all strings.Builder
		for _, e := range document.Examples {
			fmt.Fprintf(&all, "%s >/dev/null\n", strings.Replace(curl(e), "curl -X", "curl -s -X", 1))
			for name := range e.Save {
				known[name] = name
			}
		}
		typed(t, all.String()+"curl a b c d e", known)
	})
}
