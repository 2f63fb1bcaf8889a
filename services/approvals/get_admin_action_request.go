package approvals

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// GetAdminActionRequest returns one request. NOT_FOUND alike for one that does
// not exist and one of another organization.
func (h *handlers) GetAdminActionRequest(ctx context.Context, in *dynamicv0.GetAdminActionRequestRequest) (*dynamicv0.AdminActionWrapper, error) {
	who := tenant.From(ctx)
	r, err := h.load(ctx, who, in.GetOrganizationId(), in.GetAdminActionRequestId())
	if err != nil {
		return nil, err
	}
	return h.wrap(ctx, who, r)
}

func (h *handlers) load(ctx context.Context, who tenant.Identity, organization, id string) (store.Request, error) {
	if err := sees(who, organization); err != nil {
		return store.Request{}, err
	}
	r, err := h.store.Request(ctx, who, id)
	return r, requestMissing(err)
}
