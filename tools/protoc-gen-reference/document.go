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
	paths     object
	schemas   schemas
	tags      []object
	catalog   []errorID
	variables []setting
	examples  []example
}

func newDocument(catalog []errorID, variables []setting) *document {
	d := &document{paths: object{}, schemas: schemas{}, catalog: catalog, variables: variables}
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
	op := object{
		"operationId":  operationID(m, b),
		"tags":         []string{string(m.Parent.Desc.FullName())},
		"summary":      words(string(m.Desc.Name())),
		"description":  strings.TrimSpace(prose(m.Comments) + "\n\n" + access(c)),
		"responses":    d.responses(m, c, b),
		"security":     []object{{"bearer": []string{}}},
		"x-rpc":        fmt.Sprintf("/%s/%s", m.Parent.Desc.FullName(), m.Desc.Name()),
		"x-permission": c.GetPermission(),
		"x-scope":      scope(c),
	}
	if c.GetPermission() == public {
		op["security"] = []object{}
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
		"x-errors":        d.catalog,
		"x-configuration": d.variables,
		"x-examples":      d.examples,
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(doc)
	return text.Bytes(), err
}

const introduction = `Every method is also offered over gRPC, gRPC-Web and Connect at the same port, by the name in x-rpc.

Callers send a token, "Authorization: Bearer …": a personal access token, or a JWT of an OIDC issuer that is known. Methods that are about an organization take its id from their path, else from the header x-zitadel-orgid, else it is the caller's own.

Field names are read in lowerCamelCase and in snake_case and written in lowerCamelCase; zero values are omitted from answers, unknown fields of requests ignored. 64-bit integers are written as strings and read as strings or numbers. Bytes are base64, times RFC 3339, durations seconds such as "1.5s".

Errors are google.rpc.Status with a zitadel.v1.ErrorDetail where the error has an id; below /api/v0 they are {"error", "code"}. x-errors lists every id. Where an answer has a Retry-After header, the same request may succeed after so many seconds.

An organization may demand that other people approve sensitive changes (x-gate). Such a change is then answered with 202 and the request for approval, and made once enough people have approved it.

Limits of fields stand at the fields, those of the installation in x-configuration.`
