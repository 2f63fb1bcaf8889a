package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/proto/gen/go/reference"
)

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

// examples sends every example of the reference, in its order: what a reader
// copies from it works.
func (s *storyteller) examples(t *testing.T) {
	var document struct {
		Examples []example `json:"x-examples"`
	}
	if err := json.Unmarshal(reference.OpenAPI, &document); err != nil {
		t.Fatal(err)
	}
	s.answerExamples(t)
	known := placeholders{"organization": s.organization, "receiver": s.receiver.url + "/reference"}
	for _, e := range document.Examples {
		e, err := known.fill(e)
		if err != nil {
			t.Fatalf("example of %s: %v", e.RPC, err)
		}
		s.example(t, e, known)
	}
}

// answerExamples makes what the examples call: the paths of the receiver, and
// a service that knows nobody at first.
func (s *storyteller) answerExamples(t *testing.T) {
	t.Helper()
	s.receiver.answer("/reference/refuses", func(int, []byte) (int, string) { return http.StatusBadRequest, "" })
	s.receiver.answer("/reference/busy", func(int, []byte) (int, string) { return http.StatusServiceUnavailable, "" })
	var asked atomic.Bool
	sub, err := s.nats.Subscribe("support.reset_mfa", func(m *nats.Msg) {
		answer := nats.NewMsg(m.Reply)
		if !asked.Swap(true) {
			answer.Header.Set("Nats-Service-Error-Code", "404")
			answer.Header.Set("Nats-Service-Error", "no such user")
		}
		_ = m.RespondMsg(answer)
	})
	if err == nil {
		t.Cleanup(func() { _ = sub.Unsubscribe() })
		err = s.nats.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// example is one of the document's, see tools/protoc-gen-reference.
type example struct {
	RPC, Verb, Path    string
	Headers            map[string]string
	Body               json.RawMessage
	Status             int
	Eventually, Public bool
	Expect, Save       map[string]string
}

// example sends e, again and again where its answer may take a moment, and
// keeps what later ones use.
func (s *storyteller) example(t *testing.T, e example, known placeholders) {
	t.Helper()
	var answer any
	var err error
	if e.Eventually {
		defer func() {
			if err != nil {
				t.Logf("the last answer: %v", err)
			}
		}()
		await(t, "the example of "+e.RPC+", "+e.Verb+" "+e.Path, func() bool {
			answer, err = s.send(t, e)
			return err == nil
		})
	} else if answer, err = s.send(t, e); err != nil {
		t.Fatalf("example of %s, %s %s %s: %v", e.RPC, e.Verb, e.Path, e.Body, err)
	}
	for name, path := range e.Save {
		known[name] = textAt(answer, path)
	}
}

// send sends e once and says in what the answer differs from what is promised.
func (s *storyteller) send(t *testing.T, e example) (answer any, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(within(t), e.Verb, s.api.url()+e.Path, strings.NewReader(string(e.Body)))
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if !e.Public {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	for name, value := range e.Headers {
		req.Header.Set(name, value)
	}
	resp, err := plainHTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", resp.Status, err, text)
	}
	if resp.StatusCode != e.Status {
		return nil, fmt.Errorf("%s, not %d: %s", resp.Status, e.Status, text)
	}
	if err := e.check(answer); err != nil {
		return nil, fmt.Errorf("%w: %s", err, text)
	}
	return answer, nil
}

// check says which members of the answer are not as promised, or missing.
func (e example) check(answer any) error {
	var problems []error
	for path, want := range e.Expect {
		if got := textAt(answer, path); got != want {
			problems = append(problems, fmt.Errorf("%s is %q, not %q", path, got, want))
		}
	}
	for _, path := range e.Save {
		if textAt(answer, path) == "" {
			problems = append(problems, fmt.Errorf("there is no %s", path))
		}
	}
	return errors.Join(problems...)
}

// placeholders are what {{name}} stands for.
type placeholders map[string]string

var placeholder = regexp.MustCompile(`\{\{(\w+)\}\}`)

// fill returns e with values in place of names.
func (known placeholders) fill(e example) (example, error) {
	var missing []string
	text := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(p string) string {
			value, ok := known[placeholder.FindStringSubmatch(p)[1]]
			if !ok {
				missing = append(missing, p)
			}
			return value
		})
	}
	members := func(all map[string]string) map[string]string {
		all = maps.Clone(all)
		for name, value := range all {
			all[name] = text(value)
		}
		return all
	}
	e.Path, e.Body = text(e.Path), json.RawMessage(text(string(e.Body)))
	e.Headers, e.Expect = members(e.Headers), members(e.Expect)
	if len(missing) > 0 {
		return e, fmt.Errorf("no example before has given %v", slices.Compact(missing))
	}
	return e, nil
}

// textAt walks down a path like details.id or deliveries.0.id.
func textAt(value any, path string) string {
	var steps []any
	for step := range strings.SplitSeq(path, ".") {
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
