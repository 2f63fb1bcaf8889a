package access

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// keepOwner runs a change, and undoes it where it takes from the instance the
// last active human who owns it: nobody else could make another. An instance
// that has none already, because somebody edited tables, stays changeable. tx
// must be locked.
func keepOwner(ctx context.Context, tx *store.Tx, change func() error) error {
	before, err := tx.HumanOwners(ctx)
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	after, err := tx.HumanOwners(ctx)
	if err != nil {
		return err
	}
	if before > 0 && after == 0 {
		return fault.FailedPrecondition("the last human instance owner stays")
	}
	return nil
}
