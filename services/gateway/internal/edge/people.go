package edge

import (
	"context"
	"crypto/sha256"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
)

// Principal is a caller: who it is and what it may do.
type Principal struct {
	Identity                tenant.Identity
	InstancePermissions     []string
	OrganizationPermissions []string // in Identity.Organization
}

// People names callers by their tokens. It asks access and remembers the
// answer for a moment, which is therefore how long a revoked token goes on
// working at most: whoever follows the change feed forgets everybody as soon as
// it tells that somebody may do less or more. Refusals are not remembered.
type People struct {
	access *accessv1.AccessBusClient
	known  *cache.Local[credential, acquaintance]
	// lookups counts in layers Memory and Owner.
	lookups *cache.Lookups
	// generation is raised when everybody is to be forgotten. Answers that were
	// on their way then are of the old one and count no more.
	generation atomic.Uint64
}

// acquaintance is a principal as of a generation.
type acquaintance struct {
	Principal
	generation uint64
}

// credential is what a caller showed: never the token itself.
type credential struct {
	token        [sha256.Size]byte
	organization string
}

// NewPeople returns people who are asked for over caller and remembered for
// ttl. lookups may be nil.
func NewPeople(caller contract.Caller, remembered int, ttl time.Duration, lookups *cache.Lookups) *People {
	return &People{
		access: accessv1.NewAccessBusClient(caller), known: cache.NewLocal[credential, acquaintance](remembered, ttl), lookups: lookups,
	}
}

// Find returns the holder of the token with what he may do in an organization;
// "" means his own. UNAUTHENTICATED: nobody's token; PERMISSION_DENIED
// AUTH-Bs7Ds: no such organization for him.
func (p *People) Find(ctx context.Context, token, organization string) (Principal, error) {
	if !utf8.ValidString(organization) { // a header may hold any bytes; no id does
		return Principal{}, fault.PermissionDenied("Organisation doesn't exist").WithID("AUTH-Bs7Ds")
	}
	key := credential{token: sha256.Sum256([]byte(token)), organization: organization}
	generation := p.generation.Load()
	known, ok := p.known.Get(key)
	ok = ok && known.generation == generation
	p.lookups.Count(cache.Memory, ok)
	if ok {
		return known.Principal, nil
	}
	out, err := p.access.Authenticate(ctx, &accessv1.AuthenticateRequest{
		TokenSha256: key.token[:], OrganizationId: organization, Jwt: jwt(token),
	})
	p.lookups.Count(cache.Owner, err == nil)
	if err != nil {
		return Principal{}, err
	}
	found := fromProto(out.GetPrincipal())
	p.known.Set(key, acquaintance{Principal: found, generation: generation})
	return found, nil
}

// maxJWT is the longest token that access looks at as a JSON Web Token, in
// bytes.
const maxJWT = 16 << 10

// jwt returns the token if it could be a JSON Web Token, three parts of
// base64url: those only their signature can vouch for, so access must see them.
// Everything else stays here.
func jwt(token string) string {
	ours := func(r rune) bool {
		return r == '.' || r == '-' || r == '_' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
	}
	if !strings.HasPrefix(token, "ey") || len(token) > maxJWT || strings.Count(token, ".") != 2 ||
		strings.ContainsFunc(token, func(r rune) bool { return !ours(r) }) {
		return ""
	}
	return token
}

// Follow forgets people when the change feed tells of some, until ctx is done.
// What it told before is older than what is remembered, or soon forgotten.
func (p *People) Follow(ctx context.Context, conn *bus.Conn) error {
	if err := conn.EnsureStream(ctx, changefeed.Stream()); err != nil {
		return err
	}
	return changefeed.Follow(ctx, conn, func(uint64) {}, func(_ uint64, c *changesv1.Change) {
		if touchesPeople(c) {
			p.forget()
		}
	})
}

// touchesPeople reports whether somebody who is remembered may do less or more
// after a change. What is new is remembered by nobody.
func touchesPeople(c *changesv1.Change) bool {
	switch c.GetResource() {
	case "organization", "person", "member", "token", "issuer":
		return c.GetOperation() != changesv1.Operation_OPERATION_CREATED
	default:
		return false
	}
}

// forget forgets everybody: such changes are rare, and asking again is cheap.
func (p *People) forget() { p.generation.Add(1) }

func fromProto(p *accessv1.Principal) Principal {
	return Principal{
		Identity: tenant.Identity{
			Tenant:       tenant.ID(p.GetTenant()),
			Organization: tenant.OrganizationID(p.GetOrganizationId()),
			Person:       tenant.PersonID(p.GetPersonId()),
			Roles:        p.GetRoles(),
		},
		InstancePermissions:     p.GetInstancePermissions(),
		OrganizationPermissions: p.GetOrganizationPermissions(),
	}
}

// Close forgets everybody.
func (p *People) Close() { p.known.Close() }
