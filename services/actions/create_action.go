package actions

import (
	"context"
	"time"

	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// CreateAction stores an action, active at once, whether or not its script
// compiles. ALREADY_EXISTS V3-DKcYh: the organization has one of that name.
func (h *handler) CreateAction(ctx context.Context, in *managementv1.CreateActionRequest) (*managementv1.CreateActionResponse, error) {
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	content := action.Content{Name: in.GetName(), Script: in.GetScript(), Timeout: in.GetTimeout().AsDuration(), AllowedToFail: in.GetAllowedToFail()}
	version := h.newVersion(ctx, content, "")
	var created action.Action
	err = h.mutate(ctx, gated{}, func(ctx context.Context, tx *store.Tx, now time.Time) error {
		a, err := action.New("", owner.Organization, content, now)
		if err != nil {
			return err
		}
		if created, err = tx.CreateAction(ctx, owner, a, h.ids.Next); err != nil {
			return err
		}
		return tx.AddVersion(ctx, created.ID, created.First(version))
	})
	if err != nil {
		return nil, err
	}
	h.logWarnings(ctx, created.ID, created.First(version))
	return &managementv1.CreateActionResponse{Id: string(created.ID), Details: actionDetails(created)}, nil
}
