package approvals

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals/internal/settings"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// UpdateOrganizationSettings changes the fields that are present and returns
// what then holds.
func (h *handlers) UpdateOrganizationSettings(ctx context.Context, in *dynamicv0.UpdateOrganizationSettingsRequest) (*dynamicv0.UpdateOrganizationSettingsResponse, error) {
	who := tenant.From(ctx)
	if err := sees(who, in.GetOrganizationId()); err != nil {
		return nil, err
	}
	stored, err := h.changeSettings(ctx, who, toPatch(in))
	if err != nil {
		return nil, err
	}
	return &dynamicv0.UpdateOrganizationSettingsResponse{OrganizationSettings: toProto(who.Organization, stored)}, nil
}

// changeSettings is the one place where settings change, and therefore where
// weakening them will have to ask for approval. Reviewers are counted before
// the row is locked: nobody waits for a neighbour while others wait for him.
func (h *handlers) changeSettings(ctx context.Context, who tenant.Identity, patch settings.Patch) (store.StoredSettings, error) {
	var reviewers uint32
	if patch.NeedsReviewers() {
		var err error
		if reviewers, err = h.countReviewers(ctx, who.Organization); err != nil {
			return store.StoredSettings{}, err
		}
	}
	stored, changed, err := h.store.ChangeSettings(ctx, func(current settings.Settings) (settings.Settings, error) {
		return current.Apply(patch, reviewers)
	})
	if err != nil || !changed {
		return stored, err
	}
	if stored.Enabled {
		h.log.WarnContext(ctx, "approvals.not_enforced", "organization", who.Organization, "person", who.Person,
			"hint", "approvals are on in this organization's settings, but this version does not hold back any change")
	}
	h.announce(ctx)
	return stored, nil
}

// countReviewers asks access. Whatever keeps it from answering, the caller may
// try again.
func (h *handlers) countReviewers(ctx context.Context, organization tenant.OrganizationID) (uint32, error) {
	ctx, cancel := context.WithTimeout(ctx, h.cfg.AccessTimeout)
	defer cancel()
	out, err := h.access.CountReviewers(ctx, &accessv1.CountReviewersRequest{OrganizationId: string(organization)})
	if fault.CodeOf(err) == fault.CodeNotFound {
		return 0, organizationNotFound()
	}
	if err != nil {
		return 0, fault.Unavailable("the organization's reviewers cannot be counted now").Because(err)
	}
	return out.GetReviewers(), nil
}

func toPatch(in *dynamicv0.UpdateOrganizationSettingsRequest) settings.Patch {
	p := settings.Patch{Enabled: in.ApprovalEnabled, RequiredApprovals: in.ApprovalRequiredApprovals}
	if in.ApprovalTtlHours != nil {
		p.TTL = new(settings.Hours(in.GetApprovalTtlHours()))
	}
	return p
}
