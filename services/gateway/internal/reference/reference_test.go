package reference_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/proto/gen/go/edge"
	"github.com/actionplane/actionplane/services/gateway/internal/reference"
)

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
			OpenAPI string
			Paths   map[string]map[string]struct {
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
		for _, s := range edge.Services {
			for _, m := range s.Methods {
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
		for _, want := range []string{"at most 1000 characters", "COMMAND-xj14f2cccn", `href="#schema-zitadel.resources.action.v3alpha.Target"`, "curl -X POST"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page lacks %s", want)
			}
		}
		if strings.Contains(page, "ZgotmplZ") {
			t.Error("the page holds what the template refused")
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
