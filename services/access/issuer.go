package access

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/access/internal/oidc"
	"github.com/actionplane/actionplane/services/access/internal/role"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

func issuerToProto(i store.Issuer) *actionplanev1.Issuer {
	out := settingsToProto(i.Settings)
	out.Id, out.CreatedAt = i.ID, timestamppb.New(i.Created)
	return out
}

func settingsToProto(s oidc.Settings) *actionplanev1.Issuer {
	mapping := make(map[string]string, len(s.RoleMapping))
	for value, r := range s.RoleMapping {
		mapping[value] = string(r)
	}
	return &actionplanev1.Issuer{
		Issuer:            s.Issuer,
		Audiences:         s.Audiences,
		OrganizationId:    string(s.Organization),
		OrganizationClaim: s.OrganizationClaim,
		RolesClaim:        s.RolesClaim,
		RoleMapping:       mapping,
		EmailClaim:        s.EmailClaim,
		ClockSkew:         durationpb.New(s.ClockSkew),
		Algorithms:        s.Algorithms,
	}
}

// settingsOf reads an issuer from the wire.
func settingsOf(m *actionplanev1.Issuer, allowHTTP bool) (oidc.Settings, error) {
	mapping := make(oidc.Mapping, len(m.GetRoleMapping()))
	for value, r := range m.GetRoleMapping() {
		mapping[value] = role.Role(r)
	}
	s := oidc.Settings{
		Issuer:            m.GetIssuer(),
		Audiences:         m.GetAudiences(),
		Organization:      tenant.OrganizationID(m.GetOrganizationId()),
		OrganizationClaim: m.GetOrganizationClaim(),
		RolesClaim:        m.GetRolesClaim(),
		RoleMapping:       mapping,
		EmailClaim:        m.GetEmailClaim(),
		ClockSkew:         skewOf(m.GetClockSkew()),
		Algorithms:        m.GetAlgorithms(),
	}
	if err := s.Check(allowHTTP); err != nil {
		return oidc.Settings{}, fault.Invalid("issuer: %s", err)
	}
	return s.WithDefaults(), nil
}

func skewOf(d *durationpb.Duration) time.Duration {
	if d == nil {
		return oidc.DefaultClockSkew
	}
	return d.AsDuration()
}

func orNoIssuer(err error) error {
	if fault.CodeOf(err) == fault.CodeNotFound {
		return fault.NotFound("issuer not found")
	}
	return err
}
