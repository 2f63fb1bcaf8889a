package approvals

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/actionplane/actionplane/services/approvals/internal/audit"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// append writes into the audit chain what has just happened to r. It is the
// last thing that a transaction does: others who append wait for it.
func (h *handlers) append(ctx context.Context, tx *store.Tx, r store.Request, kind string, actor *audit.Actor, note string) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	display := sha256.Sum256(r.Display)
	e := audit.Entry{
		Type: kind, At: now,
		Tenant: string(r.Tenant), Organization: string(r.Organization), Request: r.ID,
		Status: r.State.Status(), ActionType: r.ActionType, DisplayName: r.DisplayName, Category: r.Category,
		SubmittedBy: r.SubmittedBy.ID, Actor: actor, Note: note,
		PayloadHash: hex.EncodeToString(r.PayloadSHA256), DisplayHash: hex.EncodeToString(display[:]),
		Version: r.Version, Required: r.Required, Error: r.Execution.Error,
	}
	if kind == audit.Approved {
		made, err := tx.Decisions(ctx, r)
		if err != nil {
			return err
		}
		for _, d := range made {
			e.Approvers = append(e.Approvers, d.Reviewer.ID)
		}
	}
	return tx.Append(ctx, e)
}
