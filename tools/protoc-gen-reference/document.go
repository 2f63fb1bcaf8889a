package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
)

// public is the permission of methods that need no token.
const public = "public"

// object is a JSON object; encoding/json sorts its members, so that the
// document is the same whenever the protos are.
type object = map[string]any

// document is the OpenAPI document while it is made.
type document struct {
	paths    object
	schemas  schemas
	tags     []object
	catalog  []errorID
	examples []example
}

func newDocument(catalog []errorID) *document {
	d := &document{paths: object{}, schemas: schemas{}, catalog: catalog}
	d.schemas.addErrors()
	return d
}

func (d *document) addFile(f *protogen.File) {
	for _, s := range f.Services {
		d.tags = append(d.tags, object{"name": string(s.Desc.FullName()), "description": prose(s.Comments)})
		for _, m := range s.Methods {
			for _, b := range bindingsOf(m) {
				path, _ := d.paths[b.path()].(object)
				if path == nil {
					path = object{}
					d.paths[b.path()] = path
				}
				path[strings.ToLower(b.verb)] = d.operation(m, b)
			}
		}
	}
}

func (d *document) operation(m *protogen.Method, b binding) object {
	c := contractOf(m)
	summary, description := split(prose(m.Comments))
	if summary == "" {
		summary = words(string(m.Desc.Name()))
	}
	op := object{
		"operationId":  operationID(m, b),
		"tags":         []string{string(m.Parent.Desc.FullName())},
		"summary":      summary,
		"description":  strings.TrimSpace(description + "\n\n" + access(c)),
		"responses":    d.responses(m, c, b),
		"security":     []object{{"bearer": []string{}}},
		"x-rpc":        fmt.Sprintf("/%s/%s", m.Parent.Desc.FullName(), m.Desc.Name()),
		"x-permission": c.GetPermission(),
	}
	if gate := c.GetGate(); gate != nil {
		op["x-gate"] = object{"category": gate.GetCategory(), "displayName": gate.GetDisplayName()}
	}
	if parameters := b.parameters(d.schemas); len(parameters) > 0 {
		op["parameters"] = parameters
	}
	if body := b.body(d.schemas); body != nil {
		op["requestBody"] = body
	}
	return op
}

// addExamples attaches each example to its operation; their order is kept,
// because later ones use what earlier ones have made.
func (d *document) addExamples(examples []example) error {
	for i, e := range examples {
		op := d.find(e.RPC, e.Verb)
		if op == nil {
			return fmt.Errorf("example %q: no such method, or not by %s", e.RPC, e.Verb)
		}
		e.Public = op["x-permission"] == public
		examples[i] = e
		list, _ := op["x-examples"].([]example)
		op["x-examples"] = append(list, e)
	}
	d.examples = examples
	return nil
}

// find returns the operation of an RPC, "/pkg.Service/Method".
func (d *document) find(rpc, verb string) object {
	for _, path := range d.paths {
		if op, ok := path.(object)[strings.ToLower(verb)].(object); ok && op["x-rpc"] == rpc {
			return op
		}
	}
	return nil
}

func (d *document) json() ([]byte, error) {
	slices.SortFunc(d.tags, func(a, b object) int { return strings.Compare(a["name"].(string), b["name"].(string)) })
	doc := object{
		"openapi":  "3.1.0",
		"info":     object{"title": "Actionplane", "version": "1", "description": introduction, "license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"}},
		"servers":  []object{{"url": "/"}},
		"security": []object{{"bearer": []string{}}},
		"tags":     d.tags,
		"paths":    d.paths,
		"components": object{
			"schemas":   d.schemas,
			"responses": failureResponses(),
			"securitySchemes": object{"bearer": object{
				"type": "http", "scheme": "bearer",
				"description": "A personal access token, or a JWT of a configured OIDC issuer.",
			}},
		},
		"x-errors":   d.catalog,
		"x-examples": d.examples,
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(doc)
	return text.Bytes(), err
}

const introduction = `Every method is also offered over gRPC, gRPC-Web and Connect at the same port, by the name in x-rpc.

Field names are read in lowerCamelCase and in snake_case and written in lowerCamelCase; zero values are omitted from answers, unknown fields of requests ignored. 64-bit integers are written as strings and read as strings or numbers.

Errors are google.rpc.Status with a zitadel.v1.ErrorDetail where the error has an id; below /api/v0 they are {"error", "code"}. x-errors lists every id.`
