package approvals

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals/internal/settings"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// GetOrganizationSettings returns what holds for the organization: its
// settings, or the defaults where nobody has written any.
func (h *handlers) GetOrganizationSettings(ctx context.Context, in *dynamicv0.GetOrganizationSettingsRequest) (*dynamicv0.GetOrganizationSettingsResponse, error) {
	who := tenant.From(ctx)
	if err := sees(who, in.GetOrganizationId()); err != nil {
		return nil, err
	}
	stored, err := h.store.Settings(ctx, who)
	if fault.CodeOf(err) == fault.CodeNotFound {
		return &dynamicv0.GetOrganizationSettingsResponse{OrganizationSettings: effective(settings.Default())}, nil
	}
	if err != nil {
		return nil, err
	}
	return &dynamicv0.GetOrganizationSettingsResponse{OrganizationSettings: toProto(who.Organization, stored)}, nil
}

// sees refuses an organization other than the one that the edge has found the
// caller to be in. For him it does not exist.
func sees(who tenant.Identity, organization string) error {
	if organization == "" || organization != string(who.Organization) {
		return organizationNotFound()
	}
	return nil
}

func organizationNotFound() error {
	return fault.NotFound("organization not found").WithReason("not_found")
}

// effective is what the wire always carries.
func effective(s settings.Settings) *dynamicv0.OrganizationSettings {
	return &dynamicv0.OrganizationSettings{
		ApprovalEnabled:           &s.Enabled,
		ApprovalTtlHours:          new(s.TTLHours()),
		ApprovalRequiredApprovals: &s.RequiredApprovals,
	}
}

// toProto adds what there is only once somebody has written settings.
func toProto(organization tenant.OrganizationID, s store.StoredSettings) *dynamicv0.OrganizationSettings {
	out := effective(s.Settings)
	out.Id = &s.ID
	out.OrganizationId = new(string(organization))
	if s.UpdatedBy != "" {
		out.UpdatedById = new(string(s.UpdatedBy))
	}
	out.CreatedAt = timestamppb.New(s.CreatedAt)
	out.UpdatedAt = timestamppb.New(s.UpdatedAt)
	return out
}
