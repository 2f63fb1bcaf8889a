package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// example is a request that works when those before it were sent first.
type example struct {
	RPC  string `json:"rpc"`
	Verb string `json:"verb"`
	// Path may hold {{name}}, as the body may: what an earlier example has
	// saved, or the test provides.
	Path string          `json:"path"`
	Body json.RawMessage `json:"body,omitempty"`
	// Status is what is answered.
	Status int `json:"status"`
	// Save keeps members of the answer, by their paths, under names.
	Save map[string]string `json:"save,omitempty"`
}

var (
	headLine  = regexp.MustCompile(`^### (/\S+/\S+)$`)
	placeLine = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE) (/\S*)$`)
	doneLine  = regexp.MustCompile(`^--- (\d{3})$`)
	saveLine  = regexp.MustCompile(`^(\w+) = (\S+)$`)
)

// parseExamples reads examples of the form
//
//	### /pkg.Service/Method
//	POST /path/{{earlier}}
//	{"body": 1}
//	--- 201
//	later = details.id
func parseExamples(text string) ([]example, error) {
	var all []example
	for _, part := range strings.Split("\n"+text, "\n### ")[1:] {
		e, err := parseExample("### " + part)
		if err != nil {
			return nil, fmt.Errorf("### %s: %w", part, err)
		}
		all = append(all, e)
	}
	return all, nil
}

func parseExample(text string) (e example, err error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	done := slices.IndexFunc(lines, doneLine.MatchString)
	if len(lines) < 3 || done < 2 || !headLine.MatchString(lines[0]) || !placeLine.MatchString(lines[1]) {
		return e, fmt.Errorf("not a name, a verb with a path, a body and a status")
	}
	place := placeLine.FindStringSubmatch(lines[1])
	e = example{RPC: headLine.FindStringSubmatch(lines[0])[1], Verb: place[1], Path: place[2], Save: map[string]string{}}
	e.Status, _ = strconv.Atoi(doneLine.FindStringSubmatch(lines[done])[1])
	if body := strings.TrimSpace(strings.Join(lines[2:done], "\n")); body != "" {
		if !json.Valid([]byte(body)) {
			return e, fmt.Errorf("the body is not JSON")
		}
		e.Body = json.RawMessage(body)
	}
	for _, line := range lines[done+1:] {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		save := saveLine.FindStringSubmatch(line)
		if save == nil {
			return e, fmt.Errorf("%q is not name = path", line)
		}
		e.Save[save[1]] = save[2]
	}
	return e, nil
}
