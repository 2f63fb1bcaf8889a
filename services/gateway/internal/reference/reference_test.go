package reference_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/proto/gen/go/edge"
	"github.com/actionplane/actionplane/services/gateway/internal/reference"
)

// codes are those that the errors of the document have.
var codes = map[string]fault.Code{
	"INVALID_ARGUMENT": fault.CodeInvalid, "NOT_FOUND": fault.CodeNotFound, "ALREADY_EXISTS": fault.CodeAlreadyExists,
	"PERMISSION_DENIED": fault.CodePermissionDenied, "RESOURCE_EXHAUSTED": fault.CodeExhausted,
	"FAILED_PRECONDITION": fault.CodeFailedPrecondition, "INTERNAL": fault.CodeInternal,
	"UNAVAILABLE": fault.CodeUnavailable, "UNAUTHENTICATED": fault.CodeUnauthenticated,
}

func get(t *testing.T, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	h, err := reference.Handler()
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func TestReference(t *testing.T) {
	t.Parallel()

	t.Run("TheDocumentHasEveryMethodThatIsOffered", func(t *testing.T) {
		t.Parallel()
		var document struct {
			OpenAPI  string
			Examples []struct{ RPC string } `json:"x-examples"`
			Paths    map[string]map[string]struct {
				RPC         string `json:"x-rpc"`
				Permission  string `json:"x-permission"`
				Summary     string
				OperationID string
			}
		}
		if err := json.Unmarshal(get(t, reference.DocumentPath).Body.Bytes(), &document); err != nil {
			t.Fatal(err)
		}
		if document.OpenAPI != "3.1.0" {
			t.Errorf("OpenAPI %s", document.OpenAPI)
		}
		permissions, ids := map[string]string{}, map[string]bool{}
		for _, verbs := range document.Paths {
			for _, op := range verbs {
				permissions[op.RPC] = op.Permission
				if ids[op.OperationID] || op.Summary == "" {
					t.Errorf("%s: its id is not its own, or it has no summary", op.OperationID)
				}
				ids[op.OperationID] = true
			}
		}
		examples := map[string]bool{}
		for _, e := range document.Examples {
			examples[e.RPC] = true
		}
		for _, s := range edge.Services {
			for _, m := range s.Methods {
				if !examples[m.FullName] {
					t.Errorf("%s: proto/examples.http has no example", m.FullName)
				}
				if permissions[m.FullName] != m.Permission {
					t.Errorf("%s: permission %q, want %q", m.FullName, permissions[m.FullName], m.Permission)
				}
			}
		}
	})
	t.Run("ThePageShowsEveryMethodAndItsLimits", func(t *testing.T) {
		t.Parallel()
		w := get(t, reference.PagePath)
		page := w.Body.String()
		for _, s := range edge.Services {
			for _, m := range s.Methods {
				if !strings.Contains(page, "<code>"+m.FullName+"</code>") {
					t.Errorf("%s is missing", m.FullName)
				}
			}
		}
		for _, want := range []string{
			"at most 1000 characters", `id="error-COMMAND-xj14f2cccn"`, `href="#error-COMMAND-Sfg2t"`, `id="variable-ACTIONPLANE_RATE_LIMIT"`,
			`href="#schema-zitadel.resources.action.v3alpha.Target"`, "curl -X POST", "may wait for approval: Delete target", "At most one of <code>",
		} {
			if !strings.Contains(page, want) {
				t.Errorf("the page lacks %s", want)
			}
		}
		if strings.Contains(page, "ZgotmplZ") {
			t.Error("the page holds what the template refused")
		}
	})
	t.Run("ErrorsHaveTheStatusesOfTheirCodes", func(t *testing.T) {
		t.Parallel()
		var document struct {
			Errors []struct {
				ID, Code string
				Status   int
			} `json:"x-errors"`
		}
		if err := json.Unmarshal(get(t, reference.DocumentPath).Body.Bytes(), &document); err != nil {
			t.Fatal(err)
		}
		others := []int{0, http.StatusAccepted, http.StatusConflict, http.StatusPreconditionFailed}
		for _, e := range document.Errors {
			if e.Status != fault.HTTPStatus(codes[e.Code]) && !slices.Contains(others, e.Status) {
				t.Errorf("%s: %s is HTTP %d, not %d", e.ID, e.Code, fault.HTTPStatus(codes[e.Code]), e.Status)
			}
		}
	})
	t.Run("WhatIsLinkedToIsThere", func(t *testing.T) {
		t.Parallel()
		page := get(t, reference.PagePath).Body.String()
		there := map[string]bool{}
		for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
			if there[m[1]] {
				t.Errorf("id %s is there twice", m[1])
			}
			there[m[1]] = true
		}
		for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
			if !there[m[1]] {
				t.Errorf("nothing is at #%s", m[1])
			}
		}
	})
	t.Run("WhoHasItIsToldSo", func(t *testing.T) {
		t.Parallel()
		tag := get(t, reference.PagePath).Header().Get("Etag")
		if w := get(t, reference.PagePath, "If-None-Match", tag); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
			t.Errorf("status %d", w.Code)
		}
	})
}
