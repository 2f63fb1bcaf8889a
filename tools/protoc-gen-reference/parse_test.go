package main

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

func TestParseCatalog(t *testing.T) {
	t.Parallel()
	got, err := parseCatalog("# ids\n# of ours\n\nA-1\tNOT_FOUND\tIt is gone.\n\n# Others\nA-2\tFAILED_PRECONDITION 409\tIt is there.\n")
	if err != nil || !slices.Equal(got, []errorID{
		{ID: "A-1", Code: "NOT_FOUND", Status: 404, Meaning: "It is gone."},
		{ID: "A-2", Code: "FAILED_PRECONDITION", Status: 409, Meaning: "It is there.", Group: "Others"},
	}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, wrong := range []string{
		"A-1 NOT_FOUND It is gone.", "A-1\tNOT_FOUND\t", "A-1\tABORTED\ty\nA-1\tABORTED\tz", "A-1\tX\ty", "A-1\tABORTED x\ty", "\tABORTED\ty",
	} {
		if got, err := parseCatalog(wrong); err == nil {
			t.Errorf("%q was taken: %v", wrong, got)
		}
	}
}

func TestParseExamples(t *testing.T) {
	t.Parallel()
	got, err := parseExamples(`# First this.

### /a.B/Create
POST /b
{
  "name": "x"
}
--- 201
id = details.id

### /a.B/Get
# As it was made.
# By its maker.
GET /b/{{id}}
Authorization: Bearer {{token}}
X-Other: a b
--- 200 eventually
state.name == IN FORCE
# and
first = list.0.id
`)
	if err != nil || len(got) != 2 {
		t.Fatalf("%v, %v", got, err)
	}
	if e := got[0]; e.Number != 1 || e.RPC != "/a.B/Create" || e.Title != "" || e.Verb != "POST" || e.Path != "/b" || !json.Valid(e.Body) ||
		e.Status != 201 || e.Eventually || !maps.Equal(e.Save, map[string]string{"id": "details.id"}) {
		t.Errorf("%+v", e)
	}
	if e := got[1]; e.Title != "As it was made. By its maker." || e.Path != "/b/{{id}}" || e.Body != nil || e.Status != 200 || !e.Eventually ||
		!maps.Equal(e.Headers, map[string]string{"Authorization": "Bearer {{token}}", "X-Other": "a b"}) ||
		!maps.Equal(e.Expect, map[string]string{"state.name": "IN FORCE"}) || !maps.Equal(e.Save, map[string]string{"first": "list.0.id"}) {
		t.Errorf("%+v", e)
	}
	for _, wrong := range []string{
		"### a.B\nGET /b\n--- 200", "### /a.B/C\nTAKE /b\n--- 200", "### /a.B/C\nGET /b\n{\n--- 200", "### /a.B/C\nGET /b",
		"### /a.B/C\nGET /b\n--- 200\nid is it", "### /a.B/C\nGET /b\n--- 200 soon", "### /a.B/C\nGET /b\nX Header: 1\n--- 200", "### /a.B/C",
	} {
		if got, err := parseExamples(wrong); err == nil {
			t.Errorf("%q was taken: %v", wrong, got)
		}
	}
}

func TestParseConfiguration(t *testing.T) {
	t.Parallel()
	got, err := parseConfiguration("# all\nMAX\tgateway, access\t10\tthe most\nMIN\tgateway\t\tthe least\n")
	if err != nil || !slices.Equal(got, []setting{{"MAX", "gateway, access", "10", "the most"}, {"MIN", "gateway", "", "the least"}}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, wrong := range []string{"MAX\tgateway\t10", "MAX\tgateway\t10\t", "\tgateway\t10\tthe most"} {
		if got, err := parseConfiguration(wrong); err == nil {
			t.Errorf("%q was taken: %v", wrong, got)
		}
	}
}

func TestProse(t *testing.T) {
	t.Parallel()
	if got := paragraphs(" One\n two. Three.\n\n Four\n"); got != "One two. Three.\n\nFour" {
		t.Errorf("%q", got)
	}
	for name, want := range map[string]string{"CreateTarget": "Create target", "ListFlowTypes": "List flow types"} {
		if got := words(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := jsonPath("query.sorting_column"); got != "query.sortingColumn" {
		t.Error(got)
	}
}
