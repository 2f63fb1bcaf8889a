package executions

import (
	"cmp"
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
	"github.com/actionplane/actionplane/services/executions/internal/store"
)

// AnnounceCatalog adds what an internal service offers to conditions.
func (s *Service) AnnounceCatalog(ctx context.Context, in *actionplanev1.AnnounceCatalogRequest) (*actionplanev1.AnnounceCatalogResponse, error) {
	offers := []offer{
		{"methods", condition.Request, in.GetMethods()},
		{"functions", condition.Function, in.GetFunctions()},
		{"events", condition.Event, in.GetEvents()},
	}
	for _, o := range offers {
		if err := o.check(); err != nil {
			return nil, err
		}
	}
	who := tenant.From(ctx)
	err := s.store.Announce(ctx, store.Announcement{
		Tenant: string(who.Tenant), By: cmp.Or(in.GetAnnouncedBy(), string(who.Person)), Most: s.cfg.CatalogMaxEntries,
		Names: map[store.Kind][]string{store.Method: in.GetMethods(), store.Function: in.GetFunctions(), store.Event: in.GetEvents()},
	})
	if err != nil {
		return nil, err
	}
	return &actionplanev1.AnnounceCatalogResponse{}, nil
}

// offer is what a service announces of one kind.
type offer struct {
	field   string
	trigger condition.Kind
	names   []string
}

// check refuses names that no condition could have.
func (o offer) check() error {
	for i, name := range o.names {
		if problem := (condition.Trigger{Kind: o.trigger, Name: name}).Problem(); problem != "" {
			return fault.Invalid("%s[%d] %s", o.field, i, problem)
		}
	}
	return nil
}
