package edge

import (
	"context"
	"crypto/sha256"
	"time"
	"unicode/utf8"

	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
)

// Principal is a caller: who it is and what it may do.
type Principal struct {
	Identity                tenant.Identity
	InstancePermissions     []string
	OrganizationPermissions []string // in Identity.Organization
}

// People names callers by their tokens. It asks access and remembers the
// answer for a moment, which is therefore how long a revoked token goes on
// working. Refusals are not remembered.
type People struct {
	access *accessv1.AccessBusClient
	known  *cache.Local[credential, Principal]
}

// credential is what a caller showed: never the token itself.
type credential struct {
	token        [sha256.Size]byte
	organization string
}

// NewPeople returns people who are asked for over caller and remembered for
// ttl.
func NewPeople(caller contract.Caller, remembered int, ttl time.Duration) *People {
	return &People{access: accessv1.NewAccessBusClient(caller), known: cache.NewLocal[credential, Principal](remembered, ttl)}
}

// Find returns the holder of the token with what he may do in an organization;
// "" means his own. UNAUTHENTICATED: nobody's token; PERMISSION_DENIED
// AUTH-Bs7Ds: no such organization for him.
func (p *People) Find(ctx context.Context, token, organization string) (Principal, error) {
	if !utf8.ValidString(organization) { // a header may hold any bytes; no id does
		return Principal{}, fault.PermissionDenied("Organisation doesn't exist").WithID("AUTH-Bs7Ds")
	}
	key := credential{token: sha256.Sum256([]byte(token)), organization: organization}
	if known, ok := p.known.Get(key); ok {
		return known, nil
	}
	out, err := p.access.Authenticate(ctx, &accessv1.AuthenticateRequest{TokenSha256: key.token[:], OrganizationId: organization})
	if err != nil {
		return Principal{}, err
	}
	found := fromProto(out.GetPrincipal())
	p.known.Set(key, found)
	return found, nil
}

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
