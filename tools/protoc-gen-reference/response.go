package main

import (
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"

	contractv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/contract/v1"
)

const (
	statusSchema  = "google.rpc.Status"
	dynamicSchema = "dynamic.v0.Error"
	// requestSchema is that of what a change is answered with that waits.
	requestSchema = "dynamic.v0.AdminActionWrapper"
)

// failures are what every method may answer.
var failures = map[string]string{
	strconv.Itoa(http.StatusBadRequest):      "The request is invalid, or the state does not allow it; the message names the field.",
	strconv.Itoa(http.StatusUnauthorized):    "No token, or none that is valid.",
	strconv.Itoa(http.StatusForbidden):       "The token's holder lacks the permission, or the organization is not his.",
	strconv.Itoa(http.StatusNotFound):        "It does not exist, or not for the caller.",
	strconv.Itoa(http.StatusConflict):        "Something is there already, or the state is not the expected one.",
	strconv.Itoa(http.StatusTooManyRequests): "A limit was reached; Retry-After says when to come again.",
	"default":                                "Another error.",
}

// failureResponses are the components that operations share.
func failureResponses() object {
	all := object{}
	for status, text := range failures {
		all[statusSchema+"."+status] = content(text, object{"$ref": "#/components/schemas/" + statusSchema})
		all[dynamicSchema+"."+status] = content(text, object{"$ref": "#/components/schemas/" + dynamicSchema})
	}
	return all
}

// responses are the success, and whatever else a caller must expect.
func (d *document) responses(m *protogen.Method, c *contractv1.Method, b binding) object {
	status := http.StatusOK
	if s := c.GetSuccessStatus(); s != 0 {
		status = int(s)
	}
	schema := statusSchema
	if strings.HasPrefix(b.template, "/api/v0/") {
		schema = dynamicSchema
	}
	all := object{strconv.Itoa(status): content("Success.", d.schemas.reference(m.Output))}
	if c.GetGate() != nil {
		all[strconv.Itoa(http.StatusAccepted)] = content("The change waits for other people's approval.", object{"$ref": "#/components/schemas/" + requestSchema})
	}
	for status := range failures {
		all[status] = object{"$ref": "#/components/responses/" + schema + "." + status}
	}
	return all
}

func content(description string, schema object) object {
	return object{"description": description, "content": object{"application/json": object{"schema": schema}}}
}

// addErrors adds the two forms of an error.
func (s schemas) addErrors() {
	s[statusSchema] = object{
		"type": "object", "description": "An error.",
		"properties": object{
			"code":    object{"type": "integer", "description": "The gRPC code."},
			"message": object{"type": "string", "description": "What is wrong, with the id of the error in brackets where it has one."},
			"details": object{"type": "array", "items": object{
				"type": "object", "required": []string{"@type"},
				"properties": object{"@type": object{"type": "string"}, "id": object{"type": "string"}, "message": object{"type": "string"}},
			}},
		},
	}
	s[dynamicSchema] = object{
		"type": "object", "description": "An error of the admin-action API.", "required": []string{"error"},
		"properties": object{
			"error": object{"type": "string", "description": "What is wrong."},
			"code":  object{"type": "string", "description": "A code that programs may read."},
		},
	}
}
