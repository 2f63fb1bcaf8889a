package approvals

import (
	"cmp"
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

const (
	defaultPage = 50
	// listBytes is how many bytes of payloads and states a list shows: an
	// answer must fit into a message of the bus, 1 MiB.
	listBytes = 512 << 10
)

// ListAdminActionRequests lists an organization's requests, newest first. Long
// payloads are left out, as {}: they are shown with the request itself.
func (h *handlers) ListAdminActionRequests(ctx context.Context, in *dynamicv0.ListAdminActionRequestsRequest) (*dynamicv0.AdminActionList, error) {
	who := tenant.From(ctx)
	if err := sees(who, in.GetOrganizationId()); err != nil {
		return nil, err
	}
	filter := store.Filter{Status: in.GetStatus(), ActionType: in.GetActionType(), SubmittedBy: in.GetSubmittedById()}
	page, err := h.store.Requests(ctx, who, filter, int(in.GetOffset()), int(cmp.Or(in.GetLimit(), defaultPage)))
	if err != nil {
		return nil, err
	}
	v, err := h.view(ctx, who, page.Requests)
	if err != nil {
		return nil, err
	}
	out := &dynamicv0.AdminActionList{Total: new(int32(page.Total)), PendingCount: new(int32(page.Pending))}
	for _, r := range page.Requests {
		shorten(&r, listBytes/len(page.Requests))
		out.Items = append(out.Items, v.show(r))
	}
	return out, nil
}

// shorten leaves out of a request what is longer than most bytes.
func shorten(r *store.Request, most int) {
	if len(r.Display) > most/2 {
		r.Display = []byte("{}")
	}
	if len(r.PreviousState) > most/2 {
		r.PreviousState = []byte("{}")
	}
}
