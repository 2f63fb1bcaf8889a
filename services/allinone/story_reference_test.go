package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/proto/gen/go/reference"
)

var placeholder = regexp.MustCompile(`\{\{(\w+)\}\}`)

// examples sends every example of the reference, in its order: what a reader
// copies from it works.
func (s *storyteller) examples(t *testing.T) {
	var document struct {
		Examples []struct {
			RPC, Verb, Path string
			Body            json.RawMessage
			Status          int
			Save            map[string]string
		} `json:"x-examples"`
	}
	if err := json.Unmarshal(reference.OpenAPI, &document); err != nil {
		t.Fatal(err)
	}
	known := map[string]string{"organization": s.organization}
	fill := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(p string) string {
			value, ok := known[placeholder.FindStringSubmatch(p)[1]]
			if !ok {
				t.Fatalf("%s: no example before has given it", p)
			}
			return value
		})
	}
	for _, e := range document.Examples {
		body := fill(string(e.Body))
		answer := s.printed(t, e.Status, e.Verb, fill(e.Path), body, "Content-Type: application/json")
		if t.Failed() {
			t.Fatalf("example of %s: %s %s %s", e.RPC, e.Verb, fill(e.Path), body)
		}
		for name, path := range e.Save {
			var value any
			if err := json.Unmarshal([]byte(answer), &value); err != nil {
				t.Fatal(err)
			}
			if known[name] = textAt(value, path); known[name] == "" {
				t.Fatalf("example of %s: there is no %s in %s", e.RPC, path, answer)
			}
		}
	}
}

// textAt walks down a path like details.id or deliveries.0.id.
func textAt(value any, path string) string {
	var steps []any
	for _, step := range strings.Split(path, ".") {
		if index, err := strconv.Atoi(step); err == nil {
			steps = append(steps, index)
		} else {
			steps = append(steps, step)
		}
	}
	if found := at(value, steps...); found != nil {
		return fmt.Sprint(found)
	}
	return ""
}

// references looks at what the edge says of itself.
func (s *storyteller) references(t *testing.T) {
	for _, path := range []string{"/openapi.json", "/docs"} {
		req, err := http.NewRequestWithContext(within(t), http.MethodGet, s.api.url()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := plainHTTP.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s, %v", path, resp.Status, err)
		}
	}
	s.examples(t)
}
