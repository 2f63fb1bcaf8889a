package reference

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

type service struct {
	Name, Description string
	Operations        []*operation
}

// render makes the page.
func render(d *document) ([]byte, error) {
	var services []service
	for _, tag := range d.Tags {
		services = append(services, service{tag.Name, tag.Description, d.of(tag.Name)})
	}
	page, err := template.New("page").Funcs(template.FuncMap{
		"kind": kind, "limits": limits, "members": members, "paragraphs": paragraphs, "short": short,
		"curl": curl, "success": success, "link": link, "required": func(s *schema, name string) bool { return slices.Contains(s.Required, name) },
	}).Parse(pageText)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{"Document": d, "Services": services, "Schemas": d.names()})
	return out.Bytes(), err
}

func paragraphs(text string) []string { return strings.Split(text, "\n\n") }

// short is the last token of a dotted name.
func short(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// link is the name of the shared schema that a schema stands for; "" for none.
func link(s *schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return strings.TrimPrefix(s.Ref, "#/components/schemas/")
	case len(s.AllOf) == 1:
		return link(s.AllOf[0])
	case s.Items != nil:
		return link(s.Items)
	case s.Values != nil:
		return link(s.Values)
	}
	return ""
}

// kind names a schema's type in a word or two.
func kind(s *schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return short(s.Ref)
	case len(s.AllOf) == 1 && len(s.Properties) == 0:
		return kind(s.AllOf[0])
	case s.Items != nil:
		return "list of " + kind(s.Items)
	case s.Values != nil:
		return "map of " + kind(s.Values)
	case s.Format != "":
		return s.Format
	case s.ContentEncoding != "":
		return s.ContentEncoding
	case len(s.Type) == 0:
		return "any"
	}
	return s.Type[0]
}

// limits says what values a schema takes.
func limits(s *schema) string {
	var all []string
	add := func(words string, bound *float64) {
		if bound != nil {
			all = append(all, fmt.Sprintf(words, *bound))
		}
	}
	add("at least %v characters", s.MinLength)
	add("at most %v characters", s.MaxLength)
	add("at least %v", s.Minimum)
	add("more than %v", s.ExclusiveMinimum)
	add("at most %v", s.Maximum)
	add("less than %v", s.ExclusiveMaximum)
	add("at least %v items", s.MinItems)
	add("at most %v items", s.MaxItems)
	add("at most %v members", s.MaxProperties)
	if s.Pattern != "" {
		all = append(all, "matches "+s.Pattern)
	}
	if s.Const != nil {
		all = append(all, fmt.Sprintf("only %v", s.Const))
	}
	if s.Items != nil {
		if each := limits(s.Items); each != "" {
			all = append(all, "each "+each)
		}
	}
	return strings.Join(all, ", ")
}

// members are the names of an object's properties, sorted.
func members(s *schema) []string {
	if s == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.Properties))
}

// success is the status of a success and what comes with it.
func success(op *operation) map[string]any {
	for status, r := range op.Responses {
		if strings.HasPrefix(status, "2") {
			return map[string]any{"Status": status, "Schema": r.Content.Schema()}
		}
	}
	return nil
}

// curl is an example as one would type it.
func curl(verb, path string, body []byte) string {
	text := "curl -X " + verb + ` "$ACTIONPLANE` + path + `" -H "Authorization: Bearer $TOKEN"`
	if len(body) > 0 {
		text += " -H 'Content-Type: application/json' -d '" + strings.ReplaceAll(string(body), "'", `'\''`) + "'"
	}
	return text
}
