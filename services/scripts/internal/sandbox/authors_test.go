package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

const (
	externalLogin = `{
		"accessToken": "at", "idToken": "x.eyJwaWN0dXJlIjoiaHR0cHM6Ly9leGFtcGxlLm9yZy9wLnBuZyJ9.y",
		"v1": {
			"externalUser": {"externalId": "7", "externalIdpId": "111", "human": {"firstName": "?", "email": "old@example.org"}},
			"providerInfo": {
				"name": "Ada Maria Lovelace", "email": "ada@example.org", "preferred_username": "ada",
				"rawInfo": {"localizedFirstName": "Ada", "localizedLastName": "Lovelace", "email": "ada@example.org"},
				"attributes": {
					"FirstName": ["Ada"], "LastName": ["Lovelace"], "Email": ["ada@example.org"],
					"urn:oid:2.5.4.42": ["Ada"], "urn:oid:0.9.2342.19200300.100.1.3": ["ada@example.org"],
					"http://schemas.example.org/identity/claims/givenname": ["Ada"],
					"http://schemas.example.org/identity/claims/surname": ["Lovelace"],
					"http://schemas.example.org/identity/claims/emailaddress": ["ada@example.org"],
					"http://schemas.example.org/identity/displayname": ["Ada Lovelace"]
				}
			},
			"authRequest": {"id": "1", "applicationId": "app-1", "userName": "ada", "creationDate": "2023-11-14T22:13:20.005Z", "browserInfo": {"remoteIp": "203.0.113.9"}},
			"httpRequest": {"method": "GET", "remoteAddr": "203.0.113.9:4711", "headers": {"Accept": ["*/*"]}},
			"authError": "none"
		}
	}`
	registration = `{"v1": {"user": {"username": "ada", "human": {"firstName": "Ada", "email": "ada@example.org"}}, "authRequest": {"applicationId": "app-2"}, "httpRequest": {}}}`
	tokenRequest = `{"v1": {
		"claims": {"sub": "9"},
		"user": {
			"id": "9", "resourceOwner": "org-1", "creationDate": "2023-11-14T22:13:20.005Z",
			"metadata": {"count": 2, "metadata": [{"key": "avatar", "value": "https://example.org/a.png"}, {"key": "n", "value": "123"}]},
			"grants": {"count": 1, "grants": [{"id": "5", "projectId": "p1", "roles": ["admin", "user"], "orgMetadata": [{"key": "customer", "value": "acme"}]}]}
		},
		"org": {"metadata": [{"key": "tier", "value": "gold"}, {"key": "seats", "value": "5"}]}
	}}`
)

// The authors' corpus: one script of our own for each of the original
// platform's public examples, with the same features (actions-v1 5).
func TestAuthors(t *testing.T) {
	t.Parallel()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_ = json.NewEncoder(w).Encode(map[string]string{"id": r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type") + " " + string(body)})
	}))
	t.Cleanup(backend.Close)
	profile := `{"user":{"email":"ada@example.org","firstName":"Ada","isEmailVerified":true,"lastName":"Lovelace"}}`
	for _, test := range []struct {
		file, action string
		flow, typ    uint8
		input        string
		changes      string
		log, failure string
	}{
		{"fixed_claim", "fixedClaim", 2, 4, tokenRequest, `{"claims":{"plan_level":7}}`, "", ""},
		{"remember_origin", "remember_origin", 1, 2, registration, `{"metadata":[{"key":"origin","value":"portal"}]}`, "", ""},
		{"avatar_claim_from_metadata", "avatar_claim_from_metadata", 2, 4, tokenRequest, `{"claims":{"picture":"https://example.org/a.png"}}`, "", ""},
		{"grant_viewer", "grantViewer", 1, 3, registration, `{"userGrants":[{"projectId":"230000000000000001","roles":["viewer","reader"]}]}`, "", ""},
		{"roles_as_list", "rolesAsList", 2, 5, tokenRequest, `{"claims":{"roles_list":["p1:admin","p1:user"]}}`, "", ""},
		{"roles_by_customer", "rolesByCustomer", 2, 4, tokenRequest, `{"claims":{"teams":["acme/admin","acme/user"]}}`, "", ""},
		{"directory_saml_profile", "directorySamlProfile", 1, 1, externalLogin, `{"user":{"displayName":"Ada Lovelace","email":"ada@example.org","firstName":"Ada","lastName":"Lovelace","preferredUsername":"ada@example.org"}}`, "", ""},
		{"only_for_one_application", "onlyForOneApplication", 1, 1, externalLogin, ``, "the right application 🎯", ""},
		{"forge_profile", "forgeProfile", 1, 1, externalLogin, `{"user":{"firstName":"Ada","lastName":"Maria"}}`, "", ""},
		{"hub_profile", "hubProfile", 1, 1, externalLogin, `{"user":{"firstName":"Ada","lastName":"Maria"}}`, "", ""},
		{"network_profile", "networkProfile", 1, 1, externalLogin, profile, `raw: {"localizedFirstName":"Ada","localizedLastName":"Lovelace","email":"ada@example.org"}`, ""},
		{"notify_backend", "notify_backend", 3, 1, externalLogin, ``, `POST /users application/json {"name":"visitor","tags":["a","b"]}`, ""},
		{"corporate_profile", "corporateProfile", 1, 1, externalLogin, `{"user":{"email":"ada@example.org","firstName":"Ada","isEmailVerified":true,"lastName":"Maria Lovelace","preferredUsername":"ada"}}`, "mapping ada", ""},
		{"corporate_saml_profile", "corporateSamlProfile", 1, 1, externalLogin, profile, "", ""},
		{"org_attribute", "orgAttribute", 4, 6, tokenRequest, `{"attributes":[{"name":"org_tier","nameFormat":"","values":["gold"]},{"name":"org_seats","nameFormat":"","values":["5"]}]}`, "", ""},
		{"org_claims", "orgClaims", 2, 4, tokenRequest, `{"claims":{"org:seats":5,"org:tier":"gold"}}`, "", ""},
		{"login_protocol", "login_protocol", 1, 1, externalLogin, ``, `login of ada at 2023-11-14 22:13:20.005 +0000 UTC from 203.0.113.9:4711
request {"method":"GET","remoteAddr":"203.0.113.9:4711","headers":{"Accept":["*/*"]}}`, ""},
		{"saml_profile_by_oid", "samlProfileByOid", 1, 1, externalLogin, `{"user":{"email":"ada@example.org","firstName":"Ada","isEmailVerified":true}}`, "", ""},
		{"saml_attributes", "samlAttributes", 4, 6, tokenRequest, `{"attributes":[{"name":"Owner","nameFormat":"urn:format","values":["org-1"]},{"name":"Several","nameFormat":"","values":["one","two","three"]}]}`, "", ""},
		{"keep_picture", "keep_picture", 1, 1, externalLogin, `{"metadata":[{"key":"picture","value":"https://example.org/p.png"}]}`, "", ""},
		{"always_fails", "always_fails", 3, 1, externalLogin, ``, "", "no luck today at always_fails (<eval>:6:3(2))"},
		{"trust_email", "trustEmail", 3, 2, registration, `{"user":{"isEmailVerified":true}}`, "", ""},
	} {
		t.Run(test.file, func(t *testing.T) {
			t.Parallel()
			source, err := os.ReadFile(filepath.Join("testdata", "authors", test.file+".js"))
			if err != nil {
				t.Fatal(err)
			}
			res := runWith(t, Config{}, invocation.Request{
				Name: test.action, Source: string(bytes.ReplaceAll(source, []byte("BACKEND"), []byte(backend.URL))),
				Style: invocation.StyleFlow, Trigger: invocation.Trigger{Flow: test.flow, Type: test.typ},
				Input: json.RawMessage(test.input), Timeout: 10 * time.Second, AllowHTTP: true,
			})
			if failure := message(res); failure != test.failure {
				t.Fatalf("it fails with %q, want %q", failure, test.failure)
			}
			if string(res.Changes) != test.changes {
				t.Errorf("changes are %s\nwant        %s", res.Changes, test.changes)
			}
			if got := logged(res); got != test.log {
				t.Errorf("it logs %s\nwant    %s", got, test.log)
			}
		})
	}
}

func message(res invocation.Result) string {
	if res.Error == nil {
		return ""
	}
	return res.Error.Message
}

// logged joins the lines of a run.
func logged(res invocation.Result) string {
	lines := make([]string, len(res.Logs))
	for i, entry := range res.Logs {
		lines[i] = entry.Message
	}
	return strings.Join(lines, "\n")
}
