package reference

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// document is as much of the OpenAPI document as the page shows.
type document struct {
	Info struct{ Title, Description string }
	Tags []struct{ Name, Description string }
	// Paths maps a path to its operations by their verbs in lower case.
	Paths      map[string]map[string]*operation
	Components struct {
		Schemas   map[string]*schema
		Responses map[string]struct{ Description string }
	}
	Errors        []errorID `json:"x-errors"`
	Configuration []setting `json:"x-configuration"`
}

type errorID struct {
	ID, Code, Meaning, Group string
	Status                   int // 0: it varies
}

type setting struct{ Name, Services, Default, Meaning string }

type operation struct {
	Path, Verb  string `json:"-"`
	ID          string `json:"operationId"`
	Tags        []string
	Summary     string
	Description string
	RPC         string                        `json:"x-rpc"`
	Permission  string                        `json:"x-permission"`
	Scope       string                        `json:"x-scope"` // "": the permission holds anywhere
	Gate        *struct{ DisplayName string } `json:"x-gate"`
	Parameters  []struct {
		Name, In, Description string
		Required              bool
		Schema                *schema
	}
	RequestBody struct{ Content content }
	Responses   map[string]struct {
		Description string
		Content     content
	}
	Examples []example `json:"x-examples"`
}

// example is a request that works, see tools/protoc-gen-reference.
type example struct {
	Number            int
	Title, Verb, Path string
	Headers           map[string]string
	Body              json.RawMessage
	Status            int
	Eventually        bool
	Expect, Save      map[string]string
	Public            bool
}

type content map[string]struct{ Schema *schema }

// Schema is that of JSON bodies; nil: there is none.
func (c content) Schema() *schema { return c["application/json"].Schema }

type schema struct {
	Ref              string   `json:"$ref"`
	Type             anyOf    `json:"type"`
	Format           string   `json:"format"`
	ContentEncoding  string   `json:"contentEncoding"`
	Description      string   `json:"description"`
	Enum             []string `json:"enum"`
	Pattern          string   `json:"pattern"`
	Const            any      `json:"const"`
	MinLength        *float64 `json:"minLength"`
	MaxLength        *float64 `json:"maxLength"`
	Minimum          *float64 `json:"minimum"`
	ExclusiveMinimum *float64 `json:"exclusiveMinimum"`
	Maximum          *float64 `json:"maximum"`
	ExclusiveMaximum *float64 `json:"exclusiveMaximum"`
	MinItems         *float64 `json:"minItems"`
	MaxItems         *float64 `json:"maxItems"`
	MinProperties    *float64 `json:"minProperties"`
	MaxProperties    *float64 `json:"maxProperties"`
	UniqueItems      bool     `json:"uniqueItems"`
	Items            *schema  `json:"items"`
	Values           *schema  `json:"additionalProperties"`
	Properties       map[string]*schema
	Required         []string
	AllOf            []*schema
	OneOf            []*schema
	Not              *schema
	Title            string
	// Meanings are those of the values of an enum.
	Meanings map[string]string `json:"x-enumDescriptions"`
}

// anyOf is one type or a list of them.
type anyOf []string

// UnmarshalJSON takes both forms.
func (a *anyOf) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '[' {
		return json.Unmarshal(text, (*[]string)(a))
	}
	var one string
	err := json.Unmarshal(text, &one)
	*a = anyOf{one}
	return err
}

func parse(text []byte) (*document, error) {
	d := new(document)
	if err := json.Unmarshal(text, d); err != nil {
		return nil, err
	}
	for path, verbs := range d.Paths {
		for verb, op := range verbs {
			op.Path, op.Verb = path, strings.ToUpper(verb)
		}
	}
	return d, nil
}

// of returns the operations of a service in the order of their paths.
func (d *document) of(service string) []*operation {
	var all []*operation
	for _, verbs := range d.Paths {
		for _, op := range verbs {
			if slices.Contains(op.Tags, service) {
				all = append(all, op)
			}
		}
	}
	slices.SortFunc(all, func(a, b *operation) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Verb, b.Verb)) })
	return all
}

// names returns the names of the shared schemas, sorted.
func (d *document) names() []string { return slices.Sorted(maps.Keys(d.Components.Schemas)) }

// failures returns what statuses say, whatever the method, by status.
func (d *document) failures() map[string]string {
	all := map[string]string{}
	for name, r := range d.Components.Responses {
		status := short(name)
		if status == "default" {
			status = "others"
		}
		all[status] = r.Description
	}
	return all
}
