package reference

import (
	"bytes"
	_ "embed"
	"html/template"
	"maps"
	"regexp"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

// service is a section of the page.
type service struct {
	Name, Description string
	Operations        []*operation
}

// errorGroup is a heading with the errors below it.
type errorGroup struct {
	Name   string
	Errors []errorID
}

// render makes the page.
func render(d *document) ([]byte, error) {
	var services []service
	for _, tag := range d.Tags {
		services = append(services, service{tag.Name, tag.Description, d.of(tag.Name)})
	}
	linked := linker(d.Errors)
	page, err := template.New("page").Funcs(template.FuncMap{
		"kind": kind, "limits": limits, "members": members, "paragraphs": paragraphs, "short": short,
		"curl": curl, "outcome": outcome, "success": success, "link": link, "choices": choices, "linked": linked,
		"required": func(s *schema, name string) bool { return slices.Contains(s.Required, name) },
	}).Parse(pageText)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{
		"Document": d, "Services": services, "Schemas": d.names(), "Failures": d.failures(), "Errors": groups(d.Errors),
	})
	return out.Bytes(), err
}

// groups puts errors that follow each other under one heading.
func groups(errors []errorID) []errorGroup {
	var all []errorGroup
	for _, e := range errors {
		if len(all) == 0 || all[len(all)-1].Name != e.Group {
			all = append(all, errorGroup{Name: e.Group})
		}
		last := &all[len(all)-1]
		last.Errors = append(last.Errors, e)
	}
	return all
}

// word is what an error id may be part of in a text.
var word = regexp.MustCompile(`[A-Za-z0-9_]+(-[A-Za-z0-9]+)*`)

// linker returns what makes a text HTML in which error ids lead to their
// meanings.
func linker(errors []errorID) func(string) template.HTML {
	known := map[string]bool{}
	for _, e := range errors {
		known[e.ID] = true
	}
	return func(text string) template.HTML {
		var out strings.Builder
		rest := 0
		for _, at := range word.FindAllStringIndex(text, -1) {
			if id := text[at[0]:at[1]]; known[id] {
				out.WriteString(template.HTMLEscapeString(text[rest:at[0]]) + `<a href="#error-` + id + `">` + id + `</a>`)
				rest = at[1]
			}
		}
		return template.HTML(out.String() + template.HTMLEscapeString(text[rest:])) //nolint:gosec // escaped, and ids are words
	}
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
	case isDuration(s):
		return s.Title
	case s.Format != "":
		return s.Format
	case s.ContentEncoding != "":
		return s.ContentEncoding
	case len(s.Type) == 0:
		return "any"
	}
	return s.Type[0]
}

// isDuration reports whether a string is a duration, whose form needs no words.
func isDuration(s *schema) bool { return s.Title == "duration" }

// members are the names of an object's properties, sorted.
func members(s *schema) []string {
	if s == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.Properties))
}

// choice is a set of members of which a message has one.
type choice struct {
	// How many: "exactly one" or "at most one".
	How     string
	Members []string
}

// choices are those of an object.
func choices(s *schema) []choice {
	if s == nil {
		return nil
	}
	var all []choice
	for _, one := range s.AllOf {
		if len(one.OneOf) == 0 {
			continue
		}
		c := choice{How: "Exactly one"}
		for _, member := range one.OneOf {
			c.Members = append(c.Members, member.Required...)
			if member.Not != nil {
				c.How = "At most one"
			}
		}
		all = append(all, c)
	}
	return all
}

// success is the status of a success and what comes with it.
func success(op *operation) map[string]any {
	status := slices.Min(slices.Collect(maps.Keys(op.Responses))) // 2xx come first
	return map[string]any{"Status": status, "Schema": op.Responses[status].Content.Schema()}
}
