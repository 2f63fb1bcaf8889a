package actions

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// scope returns whose actions and flows the call is about. INVALID_ARGUMENT: no
// organization's; the edge always names one.
func scope(ctx context.Context) (store.Scope, error) {
	who := tenant.From(ctx)
	if who.Organization == "" {
		return store.Scope{}, fault.Invalid("the call is about no organization")
	}
	return store.Scope{Tenant: who.Tenant, Organization: who.Organization}, nil
}
