package actions

import (
	"context"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// versionPage is how many versions are on a page whose request names no limit.
const versionPage = 20

// ListVersions returns a page of an action's versions. NOT_FOUND QUERY-GEfnb.
func (h *handler) ListVersions(ctx context.Context, in *actionplanev1.ListVersionsRequest) (*actionplanev1.ListVersionsResponse, error) {
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	limit := in.GetLimit()
	if limit == 0 {
		limit = versionPage
	}
	a, page, total, err := h.store.Versions(ctx, owner, action.ID(in.GetId()), in.GetBefore(), limit)
	if err != nil {
		return nil, missingAs(err, noAction)
	}
	out := &actionplanev1.ListVersionsResponse{Total: total}
	for _, v := range page {
		out.Versions = append(out.Versions, versionMessage(a, v))
	}
	return out, nil
}
