package approvals

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/approvals/internal/audit"
)

const defaultEvents = 100

// ListAdminActionEvents lists what happened to one request.
func (h *handlers) ListAdminActionEvents(ctx context.Context, in *actionplanev1.ListAdminActionEventsRequest) (*actionplanev1.AdminActionEvents, error) {
	who := tenant.From(ctx)
	r, err := h.load(ctx, who, in.GetOrganizationId(), in.GetAdminActionRequestId())
	if err != nil {
		return nil, err
	}
	rows, err := h.store.History(ctx, who, r.ID)
	if err != nil {
		return nil, err
	}
	return events(rows, 0), nil
}

// ListApprovalEvents lists what happened in an organization, from a cursor on.
func (h *handlers) ListApprovalEvents(ctx context.Context, in *actionplanev1.ListApprovalEventsRequest) (*actionplanev1.AdminActionEvents, error) {
	who := tenant.From(ctx)
	if err := sees(who, in.GetOrganizationId()); err != nil {
		return nil, err
	}
	rows, err := h.store.Entries(ctx, who, int64(in.GetAfter()), int(cmp.Or(in.GetLimit(), defaultEvents)))
	if err != nil {
		return nil, err
	}
	return events(rows, in.GetAfter()), nil
}

func events(rows []audit.Row, after uint32) *actionplanev1.AdminActionEvents {
	out := &actionplanev1.AdminActionEvents{Cursor: &after}
	for _, row := range rows {
		sequence := uint32(row.Sequence)
		event := &actionplanev1.AdminActionEvent{Sequence: &sequence, Hash: new(hex.EncodeToString(row.Hash))}
		var e audit.Entry
		if json.Unmarshal(row.Entry, &e) == nil { // else somebody has edited it, and verify names it
			event.Type, event.ActionRequestId, event.CreatedAt, event.Entry = &e.Type, &e.Request, timestamppb.New(e.At), row.Entry
		}
		out.Events = append(out.Events, event)
		out.Cursor = &sequence
	}
	return out
}
