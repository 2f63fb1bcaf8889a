package approvals

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals/internal/settings"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// UpdateOrganizationSettings changes the fields that are present and returns
// what then holds. Weakening approvals that are on needs approval itself.
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

// changeSettings is the one place where settings change. Reviewers are counted
// before the row is locked: nobody waits for a neighbour while others wait for
// him.
func (h *handlers) changeSettings(ctx context.Context, who tenant.Identity, patch settings.Patch) (store.StoredSettings, error) {
	var reviewers uint32
	if patch.NeedsReviewers() {
		var err error
		if reviewers, err = h.countReviewers(ctx, who.Organization); err != nil {
			return store.StoredSettings{}, err
		}
	}
	var stored store.StoredSettings
	err := approval.Do(ctx, h.door, settingsChange(who), h.store.Tx, func(ctx context.Context, tx *store.Tx) (err error) {
		stored, _, err = tx.ChangeSettings(ctx, func(current settings.Settings) (settings.Settings, error) {
			return current.Apply(patch, reviewers)
		})
		return err
	})
	if err != nil {
		return store.StoredSettings{}, err
	}
	h.announce(ctx)
	return stored, nil
}

// settingsChange describes a change of an organization's settings to the door.
func settingsChange(who tenant.Identity) approval.Change[*store.Tx] {
	return approval.Change[*store.Tx]{
		EntityType: "organizationSettings", EntityID: string(who.Organization),
		State: func(ctx context.Context, tx *store.Tx) ([]byte, error) {
			current, err := tx.LockedSettings(ctx, who)
			if err != nil {
				return nil, err
			}
			return settingsState(current)
		},
		Harmless: strengthens, Decides: true,
	}
}

// state is what approvers see of settings, and what must not have moved when
// a change is carried out.
type state struct {
	Enabled           bool  `json:"approvalEnabled"`
	TTLHours          int32 `json:"approvalTtlHours"`
	RequiredApprovals int32 `json:"approvalRequiredApprovals"`
}

func settingsState(s settings.Settings) ([]byte, error) {
	text, err := json.Marshal(state{Enabled: s.Enabled, TTLHours: s.TTLHours(), RequiredApprovals: s.RequiredApprovals})
	if err != nil {
		return nil, fmt.Errorf("encode settings: %w", err)
	}
	return text, nil
}

// strengthens reports whether settings after are nowhere weaker than before.
// What cannot be read is.
func strengthens(before, after []byte) bool {
	var b, a state
	if json.Unmarshal(before, &b) != nil || json.Unmarshal(after, &a) != nil {
		return false
	}
	return !settings.Weakens(b.settings(), a.settings())
}

func (s state) settings() settings.Settings {
	return settings.Settings{Enabled: s.Enabled, TTL: settings.Hours(s.TTLHours), RequiredApprovals: s.RequiredApprovals}
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
