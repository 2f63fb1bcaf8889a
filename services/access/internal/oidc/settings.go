package oidc

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/access/internal/role"
)

// The defaults of Settings, and its bounds.
const (
	DefaultEmailClaim = "email"
	DefaultClockSkew  = time.Minute
	maxClockSkew      = 10 * time.Minute
)

// Settings is an issuer and how its tokens are read. They are kept as JSON.
type Settings struct {
	Issuer    string   `json:"issuer"` // the exact value of "iss"
	Audiences []string `json:"audiences"`
	// Organization is the only one in which the tokens hold; "": any, and the
	// instance.
	Organization tenant.OrganizationID `json:"organization,omitempty"`
	// OrganizationClaim holds the id of the organization in which mapped roles
	// hold; "": Organization, or the first one.
	OrganizationClaim string        `json:"organizationClaim,omitempty"`
	RolesClaim        string        `json:"rolesClaim,omitempty"` // "": no roles come from tokens
	RoleMapping       Mapping       `json:"roleMapping,omitempty"`
	EmailClaim        string        `json:"emailClaim"`
	ClockSkew         time.Duration `json:"clockSkew"`
	Algorithms        []string      `json:"algorithms"`
}

// Algorithms returns every signature algorithm that may be taken. Symmetric
// ones are none of them: who can check such a signature can make it.
func Algorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

func algorithms() []jose.SignatureAlgorithm {
	list := make([]jose.SignatureAlgorithm, 0, len(Algorithms()))
	for _, name := range Algorithms() {
		list = append(list, jose.SignatureAlgorithm(name))
	}
	return list
}

// Check reports every problem at once. http URLs are one unless allowed.
func (s Settings) Check(allowHTTP bool) error {
	problems := []error{checkIssuer(s.Issuer, allowHTTP), s.RoleMapping.check(s.Organization != "")}
	if len(s.Audiences) == 0 || slices.Contains(s.Audiences, "") {
		problems = append(problems, errors.New("audiences: name what tokens must be meant for, or those for others would be taken too"))
	}
	if s.Organization != "" && !ident.IsUUID(string(s.Organization)) {
		problems = append(problems, errors.New("organization: must be a lower-case UUID"))
	}
	if len(s.RoleMapping) > 0 && s.RolesClaim == "" {
		problems = append(problems, errors.New("roles claim: must be set where roles are mapped"))
	}
	if s.ClockSkew < 0 || s.ClockSkew > maxClockSkew {
		problems = append(problems, fmt.Errorf("clock skew: must be 0 to %s", maxClockSkew))
	}
	for _, name := range s.Algorithms {
		if !slices.Contains(Algorithms(), name) {
			problems = append(problems, fmt.Errorf("algorithms: %q is none of %s", name, strings.Join(Algorithms(), ", ")))
		}
	}
	return errors.Join(problems...)
}

// WithDefaults returns s with the defaults where it names nothing.
func (s Settings) WithDefaults() Settings {
	if s.EmailClaim == "" {
		s.EmailClaim = DefaultEmailClaim
	}
	if len(s.Algorithms) == 0 {
		s.Algorithms = Algorithms()
	}
	return s
}

// checkIssuer refuses what no discovery document can be below.
func checkIssuer(raw string, allowHTTP bool) error {
	if strings.ContainsAny(raw, "?#") {
		return fmt.Errorf("issuer: %q must have no query and no fragment", raw)
	}
	return checkURL("issuer", raw, allowHTTP)
}

// checkURL refuses what would be fetched where anybody could change it on its
// way.
func checkURL(what, raw string, allowHTTP bool) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil {
		return fmt.Errorf("%s: %q must be a URL like https://login.example.com", what, raw)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !allowHTTP) {
		return fmt.Errorf("%s: %q must be https", what, raw)
	}
	if err := egress.CheckHost(egress.CanonicalHost(u.Hostname())); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Mapping gives a role for each value of a token's claim. Values that it does
// not name give none.
type Mapping map[string]role.Role

// Roles returns what the values give: canonical, sorted, each once.
func (m Mapping) Roles(values []string) []role.Role {
	var roles []role.Role
	for _, value := range values {
		if r, ok := m[value]; ok {
			roles = append(roles, r)
		}
	}
	return role.Distinct(roles)
}

// check refuses roles that are none, and roles of the instance where tokens do
// not hold in it.
func (m Mapping) check(inOrganization bool) error {
	for _, value := range slices.Sorted(maps.Keys(m)) {
		switch r := m[value]; {
		case !r.Exists():
			return fmt.Errorf("role mapping: %q is no role", r)
		case inOrganization && r.OfInstance():
			return fmt.Errorf("role mapping: %s cannot be held in an organization", r)
		}
	}
	return nil
}

// UnmarshalText reads "value=ROLE, value=ROLE", the syntax of configuration.
// A value may hold "=": the last one counts.
func (m *Mapping) UnmarshalText(text []byte) error {
	read := Mapping{}
	for entry := range strings.SplitSeq(string(text), ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		at := strings.LastIndexByte(entry, '=')
		if at < 1 {
			return fmt.Errorf("%q is not like value=ROLE", entry)
		}
		read[strings.TrimSpace(entry[:at])] = role.Role(strings.TrimSpace(entry[at+1:]))
	}
	*m = read
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (m Mapping) MarshalText() ([]byte, error) {
	entries := make([]string, 0, len(m))
	for _, value := range slices.Sorted(maps.Keys(m)) {
		entries = append(entries, value+"="+string(m[value]))
	}
	return []byte(strings.Join(entries, ",")), nil
}
