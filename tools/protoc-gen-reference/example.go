package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// example is a request that works when those before it were sent first.
type example struct {
	RPC string `json:"rpc"`
	// Number is its place among all, from 1.
	Number int `json:"number"`
	// Title says what the example shows, where that is not plain.
	Title string `json:"title,omitempty"`
	Verb  string `json:"verb"`
	// Path may hold {{name}}, as headers and body may: what an earlier example
	// has saved, or the reader provides.
	Path string `json:"path"`
	// Headers are those that are not sent with every request, or differ.
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
	// Status is what is answered.
	Status int `json:"status"`
	// Eventually: it may take a moment until Status and Expect are so. Such an
	// example may be sent as often as one likes.
	Eventually bool `json:"eventually,omitempty"`
	// Expect are members of the answer, by their paths.
	Expect map[string]string `json:"expect,omitempty"`
	// Save keeps members of the answer, by their paths, under names.
	Save map[string]string `json:"save,omitempty"`
	// Public: it works without a token.
	Public bool `json:"public,omitempty"`
}

var (
	headLine   = regexp.MustCompile(`^### (/\S+/\S+)$`)
	placeLine  = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE) (/\S*)$`)
	headerLine = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*): (\S.*)$`)
	doneLine   = regexp.MustCompile(`^--- (\d{3})( eventually)?$`)
	expectLine = regexp.MustCompile(`^([\w.]+) == (\S.*)$`)
	saveLine   = regexp.MustCompile(`^(\w+) = ([\w.]+)$`)
)

// parseExamples reads examples of the form
//
//	### /pkg.Service/Method
//	# What this one shows.
//	POST /path/{{earlier}}
//	X-Header: of this request
//	{"body": 1}
//	--- 201
//	details.state == ACTIVE
//	later = details.id
//
// Title, headers, body and what follows the status may be missing. A status
// that is followed by "eventually" may take a moment.
func parseExamples(text string) ([]example, error) {
	var all []example
	for _, part := range strings.Split("\n"+text, "\n### ")[1:] {
		e, err := parseExample("### " + part)
		if err != nil {
			return nil, fmt.Errorf("### %s: %w", part, err)
		}
		e.Number = len(all) + 1
		all = append(all, e)
	}
	return all, nil
}

func parseExample(text string) (e example, err error) {
	rest := lines(strings.Split(strings.TrimSpace(text), "\n"))
	head := rest.take(headLine)
	e.Title = rest.title()
	place := rest.take(placeLine)
	if head == nil || place == nil {
		return e, fmt.Errorf("not a name, and a verb with a path")
	}
	e.RPC, e.Verb, e.Path = head[1], place[1], place[2]
	e.Headers = map[string]string{}
	for h := rest.take(headerLine); h != nil; h = rest.take(headerLine) {
		e.Headers[h[1]] = h[2]
	}
	if body := rest.until(doneLine); body != "" {
		if !json.Valid([]byte(body)) {
			return e, fmt.Errorf("the body is not JSON")
		}
		e.Body = json.RawMessage(body)
	}
	done := rest.take(doneLine)
	if done == nil {
		return e, fmt.Errorf("there is no status")
	}
	e.Status, _ = strconv.Atoi(done[1])
	e.Eventually = done[2] != ""
	return e, e.answer(rest)
}

// answer reads what is said of the answer.
func (e *example) answer(rest lines) error {
	e.Expect, e.Save = map[string]string{}, map[string]string{}
	for _, line := range rest {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if expect := expectLine.FindStringSubmatch(line); expect != nil {
			e.Expect[expect[1]] = expect[2]
		} else if save := saveLine.FindStringSubmatch(line); save != nil {
			e.Save[save[1]] = save[2]
		} else {
			return fmt.Errorf("%q is neither path == value nor name = path", line)
		}
	}
	return nil
}

// lines are those of an example that were not read yet.
type lines []string

// take reads the next line and returns its groups, or nil when it has not the
// form.
func (l *lines) take(form *regexp.Regexp) []string {
	if len(*l) == 0 {
		return nil
	}
	groups := form.FindStringSubmatch((*l)[0])
	if groups != nil {
		*l = (*l)[1:]
	}
	return groups
}

// title reads lines that begin with "# ".
func (l *lines) title() string {
	var words []string
	for len(*l) > 0 && strings.HasPrefix((*l)[0], "# ") {
		words = append(words, strings.TrimSpace((*l)[0][2:]))
		*l = (*l)[1:]
	}
	return strings.Join(words, " ")
}

// until reads the lines before the next one of a form, or all.
func (l *lines) until(form *regexp.Regexp) string {
	n := 0
	for n < len(*l) && !form.MatchString((*l)[n]) {
		n++
	}
	text := strings.TrimSpace(strings.Join((*l)[:n], "\n"))
	*l = (*l)[n:]
	return text
}
