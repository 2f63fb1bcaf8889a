package main

import (
	"regexp"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	contractv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/contract/v1"
)

// binding is one REST form of a method.
type binding struct {
	method   *protogen.Method
	verb     string
	template string
	bodyOf   string // "*", a field's name, or "" for none
	nth      int    // 0: the method's first binding
}

func contractOf(m *protogen.Method) *contractv1.Method {
	c, _ := proto.GetExtension(m.Desc.Options(), contractv1.E_Method).(*contractv1.Method)
	return c
}

// bindingsOf returns the REST forms of a method, its first one first.
func bindingsOf(m *protogen.Method) []binding {
	rule, _ := proto.GetExtension(m.Desc.Options(), annotations.E_Http).(*annotations.HttpRule)
	if rule == nil {
		return nil
	}
	var all []binding
	for i, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
		verb, template := place(r)
		all = append(all, binding{m, verb, template, r.GetBody(), i})
	}
	return all
}

func place(r *annotations.HttpRule) (verb, template string) {
	switch p := r.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return "GET", p.Get
	case *annotations.HttpRule_Put:
		return "PUT", p.Put
	case *annotations.HttpRule_Post:
		return "POST", p.Post
	case *annotations.HttpRule_Delete:
		return "DELETE", p.Delete
	case *annotations.HttpRule_Patch:
		return "PATCH", p.Patch
	}
	return r.GetCustom().GetKind(), r.GetCustom().GetPath()
}

func operationID(m *protogen.Method, b binding) string {
	id := string(m.Parent.Desc.FullName()) + "." + string(m.Desc.Name())
	if b.nth > 0 {
		id += "." + strings.ToLower(b.verb)
	}
	return id
}

var variable = regexp.MustCompile(`\{([a-z0-9_.]+)[^}]*\}`)

// path is the template with parameters by their JSON names.
func (b binding) path() string {
	return variable.ReplaceAllStringFunc(b.template, func(v string) string {
		return "{" + jsonPath(variable.FindStringSubmatch(v)[1]) + "}"
	})
}

// inPath returns the proto names of what the path holds.
func (b binding) inPath() map[string]bool {
	names := map[string]bool{}
	for _, v := range variable.FindAllStringSubmatch(b.template, -1) {
		names[v[1]] = true
	}
	return names
}

// jsonPath turns a_b.c_d into aB.cD.
func jsonPath(path string) string {
	parts := strings.Split(path, ".")
	for i, p := range parts {
		words := strings.Split(p, "_")
		for j, w := range words[1:] {
			if w != "" {
				words[j+1] = strings.ToUpper(w[:1]) + w[1:]
			}
		}
		parts[i] = strings.Join(words, "")
	}
	return strings.Join(parts, ".")
}

// parameters are those of the path, then those of the query: every field that
// is neither in the path nor in the body, fields of messages by their paths.
func (b binding) parameters(s schemas) []object {
	var inPath, query []object
	taken := b.inPath()
	var walk func(prefix string, m *protogen.Message, deep int)
	walk = func(prefix string, m *protogen.Message, deep int) {
		for _, f := range m.Fields {
			name := prefix + string(f.Desc.Name())
			switch {
			case taken[name]:
				inPath = append(inPath, s.parameter(f, name, "path"))
			case b.bodyOf == "*" || b.bodyOf == name:
			case isParameter(f):
				query = append(query, s.parameter(f, name, "query"))
			case f.Message != nil && !f.Desc.IsList() && !f.Desc.IsMap() && deep < 3:
				walk(name+".", f.Message, deep+1)
			}
		}
	}
	walk("", b.method.Input, 0)
	if contractOf(b.method).GetScope() == contractv1.Scope_SCOPE_ORGANIZATION && contractOf(b.method).GetOrganizationField() == "" {
		query = append(query, object{
			"name": "x-zitadel-orgid", "in": "header", "schema": object{"type": "string"},
			"description": "The organization the call is about; absent: the caller's own.",
		})
	}
	return append(inPath, query...)
}

func (s schemas) parameter(f *protogen.Field, name, in string) object {
	p := object{"name": jsonPath(name), "in": in, "schema": s.field(f)}
	if text := prose(f.Comments); text != "" {
		p["description"] = text
	}
	if in == "path" {
		p["required"] = true
	}
	return p
}

// isParameter reports whether a query can carry the field as one value or a
// list of them.
func isParameter(f *protogen.Field) bool {
	if f.Desc.IsMap() {
		return false
	}
	return f.Desc.Kind() != protoreflect.MessageKind || wellKnown(f.Message.Desc.FullName()) != nil
}

func (b binding) body(s schemas) object {
	if b.bodyOf == "" {
		return nil
	}
	required := len(b.method.Input.Fields) > len(b.inPath())
	return object{"required": required && b.verb != "DELETE", "content": object{"application/json": object{"schema": b.bodySchema(s)}}}
}

// bodySchema is the request, or the one field of it, without what the path
// holds.
func (b binding) bodySchema(s schemas) object {
	for _, f := range b.method.Input.Fields {
		if string(f.Desc.Name()) == b.bodyOf {
			return s.field(f)
		}
	}
	return s.message(b.method.Input, b.inPath())
}
