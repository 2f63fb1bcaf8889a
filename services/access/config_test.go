package access_test

import (
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/services/access"
	"github.com/actionplane/actionplane/services/access/internal/oidc"
)

func TestConfig(t *testing.T) {
	t.Parallel()

	t.Run("DefaultsAreValid", func(t *testing.T) {
		t.Parallel()
		if err := access.DefaultConfig().Validate(); err != nil {
			t.Error(err)
		}
	})
	t.Run("IsReadFromTheEnvironment", func(t *testing.T) {
		t.Parallel()
		environment := map[string]string{
			"ACTIONPLANE_ADMIN_TOKEN":           "dyn_A-z.0~9+/=",
			"ACTIONPLANE_OIDC_ISSUER":           "https://login.example.com",
			"ACTIONPLANE_OIDC_AUDIENCE":         "actionplane, console",
			"ACTIONPLANE_OIDC_ROLES_CLAIM":      "groups",
			"ACTIONPLANE_OIDC_ROLE_MAPPING":     "a=b=ORG_ADMIN, ops=IAM_OWNER",
			"ACTIONPLANE_OIDC_EGRESS_ALLOW":     "10.0.0.0/8",
			"ACTIONPLANE_OIDC_ALGORITHMS":       "ES256",
			"ACTIONPLANE_OIDC_REFRESH_INTERVAL": "1m",
		}
		cfg, err := config.Load(access.DefaultConfig(), func(name string) (string, bool) { v, ok := environment[name]; return v, ok })
		if err != nil {
			t.Fatal(err)
		}
		if err := cfg.Validate(); err != nil {
			t.Error(err)
		}
		o := cfg.OIDC
		if len(o.Audience) != 2 || o.RoleMapping["a=b"] != "ORG_ADMIN" || o.RoleMapping["ops"] != "IAM_OWNER" ||
			len(o.Algorithms) != 1 || o.RefreshInterval != time.Minute || o.EgressAllow.String() != "10.0.0.0/8" {
			t.Errorf("got %+v", o)
		}
	})
	for name, edit := range map[string]func(*access.Config){
		"ACTIONPLANE_ORGANIZATION_ID":       func(c *access.Config) { c.OrganizationID = strings.ToUpper("aaaaaaaa-1111-4111-8111-111111111111") },
		"ACTIONPLANE_ADMIN_TOKEN":           func(c *access.Config) { c.AdminToken = config.NewSecret("secret\n") },
		"ACTIONPLANE_MAX_TOKENS_PER_PERSON": func(c *access.Config) { c.MaxTokens = 0 },
		"ACTIONPLANE_TOKEN_MAX_AGE":         func(c *access.Config) { c.TokenMaxAge = -1 },
		"ACTIONPLANE_OIDC_FETCH_TIMEOUT":    func(c *access.Config) { c.OIDC.FetchTimeout = 0 },
		"ACTIONPLANE_OIDC_KEYS_MAX_AGE":     func(c *access.Config) { c.OIDC.KeysMaxAge = time.Minute },
		"ACTIONPLANE_OIDC_MAX_ISSUERS":      func(c *access.Config) { c.OIDC.MaxIssuers = 1000 },
		"audiences":                         func(c *access.Config) { c.OIDC.Issuer = "https://login.example.com" },
		"must be https":                     func(c *access.Config) { c.OIDC.Issuer = "http://login.example.com" },
		"is no role": func(c *access.Config) {
			c.OIDC.Issuer, c.OIDC.RoleMapping = "https://login.example.com", oidc.Mapping{"x": "ORG_KING"}
		},
	} {
		t.Run("Refuses "+name, func(t *testing.T) {
			t.Parallel()
			cfg := access.DefaultConfig()
			edit(&cfg)
			err := cfg.Validate()
			if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v", err)
			}
		})
	}
}
