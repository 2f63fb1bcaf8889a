package oidc

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
)

// The bounds of what a token says, in bytes. Source of the first: OpenID
// Connect Core, 2.
const (
	maxSubject = 255
	maxEmail   = 254
	maxName    = 200
)

// Claims is what a checked token says of its subject.
type Claims struct {
	Subject      string
	Name         string   // "": it does not say
	Email        string   // "": none, or the issuer has not verified it
	Organization string   // value of Settings.OrganizationClaim
	Values       []string // of Settings.RolesClaim
}

// check judges the claims of a token whose signature is right.
func check(s Settings, std jwt.Claims, body map[string]any, now time.Time) (Claims, error) {
	if std.Issuer != s.Issuer {
		return Claims{}, invalid("issuer %q", std.Issuer)
	}
	if std.Subject == "" || len(std.Subject) > maxSubject {
		return Claims{}, invalid("a subject of %d bytes", len(std.Subject))
	}
	if err := checkAudience(s, std, body); err != nil {
		return Claims{}, err
	}
	if err := checkTimes(s, std, now); err != nil {
		return Claims{}, err
	}
	return Claims{
		Subject:      std.Subject,
		Name:         nameIn(body),
		Email:        emailIn(s, body),
		Organization: text(claim(body, s.OrganizationClaim)),
		Values:       values(claim(body, s.RolesClaim)),
	}, nil
}

// checkAudience wants the token to be meant for us. One that is meant for
// others too must have been made for us (OpenID Connect Core, 3.1.3.7).
func checkAudience(s Settings, std jwt.Claims, body map[string]any) error {
	if !slices.ContainsFunc([]string(std.Audience), func(a string) bool { return slices.Contains(s.Audiences, a) }) {
		return invalid("audience %q", []string(std.Audience))
	}
	if len(std.Audience) > 1 && !slices.Contains(s.Audiences, text(body["azp"])) {
		return invalid("several audiences, and authorized party %q", text(body["azp"]))
	}
	return nil
}

func checkTimes(s Settings, std jwt.Claims, now time.Time) error {
	switch {
	case std.Expiry == nil:
		return invalid("no expiry")
	case !now.Before(std.Expiry.Time().Add(s.ClockSkew)):
		return invalid("expired at %s", std.Expiry.Time().UTC())
	case std.NotBefore != nil && now.Add(s.ClockSkew).Before(std.NotBefore.Time()):
		return invalid("not valid before %s", std.NotBefore.Time().UTC())
	case std.IssuedAt != nil && now.Add(s.ClockSkew).Before(std.IssuedAt.Time()):
		return invalid("issued in the future, at %s", std.IssuedAt.Time().UTC())
	}
	return nil
}

// emailIn returns the address if the issuer vouches for it. Some issuers write
// the verdict as a string.
func emailIn(s Settings, body map[string]any) string {
	verified := body["email_verified"]
	email := text(claim(body, s.EmailClaim))
	if verified != true && verified != "true" || !plausible(email) {
		return ""
	}
	return email
}

// plausible reports whether people could have this address: ASCII that is
// visible, and one "@" between something and something.
func plausible(email string) bool {
	local, domain, ok := strings.Cut(email, "@")
	return ok && local != "" && domain != "" && !strings.Contains(domain, "@") && len(email) <= maxEmail &&
		!strings.ContainsFunc(email, func(r rune) bool { return r <= ' ' || r > '~' })
}

// nameIn returns the subject's name, cut where it is too long.
func nameIn(body map[string]any) string {
	for _, key := range []string{"name", "preferred_username", "client_id"} {
		name := strings.Join(strings.Fields(text(body[key])), " ")
		name = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f || r == 0xfffd {
				return -1
			}
			return r
		}, name)
		if name != "" {
			return truncate(name)
		}
	}
	return ""
}

// truncate cuts a name to maxName characters.
func truncate(name string) string {
	runes := []rune(name)
	return string(runes[:min(len(runes), maxName)])
}

// claim returns a claim by its name, or, where there is none of that name and
// it has dots, by its path through objects: "realm_access.roles".
func claim(body map[string]any, name string) any {
	if value, ok := body[name]; ok || name == "" {
		return value
	}
	first, rest, ok := strings.Cut(name, ".")
	inner, isObject := body[first].(map[string]any)
	if !ok || !isObject {
		return nil
	}
	return claim(inner, rest)
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// values reads a claim that names things: one, many, or, as ZITADEL does, the
// members of an object.
func values(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, item := range v {
			if s, ok := item.(string); ok {
				list = append(list, s)
			}
		}
		return list
	case map[string]any:
		list := make([]string, 0, len(v))
		for key := range v {
			list = append(list, key)
		}
		slices.Sort(list)
		return list
	default:
		return nil
	}
}

// InvalidError is why a token is none. It is for the log of the process: to
// callers all bad tokens are alike.
type InvalidError struct{ Reason string }

// Error says what is wrong.
func (e *InvalidError) Error() string { return "invalid token: " + e.Reason }

func invalid(format string, args ...any) error {
	return &InvalidError{Reason: fmt.Sprintf(format, args...)}
}
