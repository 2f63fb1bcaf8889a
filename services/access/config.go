package access

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/access/internal/oidc"
)

// Config is what the first start makes, and what bounds what comes after.
type Config struct {
	OrganizationID string        `env:"ACTIONPLANE_ORGANIZATION_ID" doc:"id of the first organization, a lower-case UUID; unset: made at the first start. It cannot be changed later"`
	AdminToken     config.Secret `env:"ACTIONPLANE_ADMIN_TOKEN" doc:"token of the first instance owner; changing it replaces the token at the next start. Only its SHA-256 is stored, so let it be long and random"`

	MaxTokens   int           `env:"ACTIONPLANE_MAX_TOKENS_PER_PERSON" doc:"personal access tokens that work at once, for each person"`
	TokenMaxAge time.Duration `env:"ACTIONPLANE_TOKEN_MAX_AGE" doc:"longest life of a new personal access token; 0: no limit, and tokens without expiry"`

	OIDC OIDC
	Door approval.Config
}

// OIDC says whose JSON Web Tokens are taken, and how keys are fetched. Further
// issuers are made known by IssuerService.
type OIDC struct {
	Issuer            string        `env:"ACTIONPLANE_OIDC_ISSUER" doc:"OIDC issuer whose JSON Web Tokens are taken, exactly as in their claim iss; unset: none but those that the API made known"`
	Audience          []string      `env:"ACTIONPLANE_OIDC_AUDIENCE" doc:"whom its tokens must be meant for (claims aud and azp), comma separated"`
	Organization      string        `env:"ACTIONPLANE_OIDC_ORGANIZATION" doc:"id of the only organization in which its tokens hold; unset: they hold everywhere"`
	OrganizationClaim string        `env:"ACTIONPLANE_OIDC_ORGANIZATION_CLAIM" doc:"claim with the id of the organization in which mapped roles hold; unset: ACTIONPLANE_OIDC_ORGANIZATION, else the first organization"`
	RolesClaim        string        `env:"ACTIONPLANE_OIDC_ROLES_CLAIM" doc:"claim with names that are mapped to roles, e.g. groups or realm_access.roles; unset: no roles come from tokens"`
	RoleMapping       oidc.Mapping  `env:"ACTIONPLANE_OIDC_ROLE_MAPPING" doc:"roles by value of the roles claim, e.g. ops=ORG_ADMIN,platform=IAM_OWNER"`
	EmailClaim        string        `env:"ACTIONPLANE_OIDC_EMAIL_CLAIM" doc:"claim with the e-mail address, which counts only where email_verified is true"`
	ClockSkew         time.Duration `env:"ACTIONPLANE_OIDC_CLOCK_SKEW" doc:"how far the issuer's clock and ours may differ, at most 10m"`
	Algorithms        []string      `env:"ACTIONPLANE_OIDC_ALGORITHMS" doc:"signature algorithms that are taken, comma separated"`

	MaxIssuers      int              `env:"ACTIONPLANE_OIDC_MAX_ISSUERS" doc:"issuers that the API may make known"`
	EgressAllow     egress.AllowList `env:"ACTIONPLANE_OIDC_EGRESS_ALLOW" doc:"CIDRs, addresses and host names that issuers may have although they are private, comma separated"`
	AllowHTTP       bool             `env:"ACTIONPLANE_OIDC_ALLOW_HTTP" doc:"take issuers without TLS: whoever is between us and them can then become anybody"`
	FetchTimeout    time.Duration    `env:"ACTIONPLANE_OIDC_FETCH_TIMEOUT" doc:"longest wait for an issuer's discovery document, and for its keys"`
	KeysTTL         time.Duration    `env:"ACTIONPLANE_OIDC_KEYS_TTL" doc:"how long keys are good before they are fetched anew"`
	KeysMaxAge      time.Duration    `env:"ACTIONPLANE_OIDC_KEYS_MAX_AGE" doc:"how long keys are good while their issuer cannot be reached"`
	RefreshInterval time.Duration    `env:"ACTIONPLANE_OIDC_REFRESH_INTERVAL" doc:"shortest time between two fetches of an issuer's keys, however many tokens name keys that are not known"`
}

// maxIssuers is the most that memory is made for.
const maxIssuers = 200

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		MaxTokens: 100,
		Door:      approval.DefaultConfig(),
		OIDC: OIDC{
			EmailClaim:      oidc.DefaultEmailClaim,
			ClockSkew:       oidc.DefaultClockSkew,
			Algorithms:      oidc.Algorithms(),
			MaxIssuers:      20,
			FetchTimeout:    5 * time.Second,
			KeysTTL:         time.Hour,
			KeysMaxAge:      24 * time.Hour,
			RefreshInterval: 10 * time.Second,
		},
	}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	problems := []error{c.OIDC.validate(), c.Door.Validate()}
	if c.OrganizationID != "" && !ident.IsUUID(c.OrganizationID) {
		problems = append(problems, errors.New("ACTIONPLANE_ORGANIZATION_ID must be a lower-case UUID"))
	}
	if strings.ContainsFunc(c.AdminToken.Reveal(), unsendable) {
		problems = append(problems, errors.New("ACTIONPLANE_ADMIN_TOKEN must be printable ASCII without spaces, or no header can carry it"))
	}
	if c.MaxTokens < 1 || c.MaxTokens > 100_000 {
		problems = append(problems, errors.New("ACTIONPLANE_MAX_TOKENS_PER_PERSON must be 1 to 100000"))
	}
	if c.TokenMaxAge < 0 {
		problems = append(problems, errors.New("ACTIONPLANE_TOKEN_MAX_AGE must not be negative"))
	}
	return errors.Join(problems...)
}

func (o OIDC) validate() error {
	var problems []error
	if o.Issuer != "" {
		if err := o.settings().Check(o.AllowHTTP); err != nil {
			problems = append(problems, fmt.Errorf("ACTIONPLANE_OIDC_*: %w", err))
		}
	}
	if o.MaxIssuers < 0 || o.MaxIssuers > maxIssuers {
		problems = append(problems, fmt.Errorf("ACTIONPLANE_OIDC_MAX_ISSUERS must be 0 to %d", maxIssuers))
	}
	if o.FetchTimeout <= 0 || o.KeysTTL <= 0 || o.RefreshInterval <= 0 {
		problems = append(problems, errors.New("ACTIONPLANE_OIDC_FETCH_TIMEOUT, ACTIONPLANE_OIDC_KEYS_TTL and ACTIONPLANE_OIDC_REFRESH_INTERVAL must be positive"))
	}
	if o.KeysMaxAge < o.KeysTTL {
		problems = append(problems, errors.New("ACTIONPLANE_OIDC_KEYS_MAX_AGE must not be shorter than ACTIONPLANE_OIDC_KEYS_TTL"))
	}
	return errors.Join(problems...)
}

// settings returns the issuer of the configuration; its name is "" where there
// is none.
func (o OIDC) settings() oidc.Settings {
	return oidc.Settings{
		Issuer:            o.Issuer,
		Audiences:         o.Audience,
		Organization:      tenant.OrganizationID(o.Organization),
		OrganizationClaim: o.OrganizationClaim,
		RolesClaim:        o.RolesClaim,
		RoleMapping:       o.RoleMapping,
		EmailClaim:        o.EmailClaim,
		ClockSkew:         o.ClockSkew,
		Algorithms:        o.Algorithms,
	}.WithDefaults()
}

// unsendable reports whether a bearer token cannot hold r: often it is the
// newline at the end of the file that the token was read from.
func unsendable(r rune) bool { return r <= ' ' || r > '~' }
