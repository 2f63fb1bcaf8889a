package executions

import (
	"context"
	"slices"
	"strings"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
	"github.com/actionplane/actionplane/services/executions/internal/store"
)

// wellKnownFunctions are offered without being announced, in the original's
// order.
var wellKnownFunctions = []string{"preuserinfo", "preaccesstoken", "presamlresponse"}

// AnnounceCatalog adds what an internal service offers to conditions.
func (s *Service) AnnounceCatalog(ctx context.Context, in *actionplanev1.AnnounceCatalogRequest) (*actionplanev1.AnnounceCatalogResponse, error) {
	offers := []offer{
		{store.Method, condition.Request, in.GetMethods()},
		{store.Function, condition.Function, in.GetFunctions()},
		{store.Event, condition.Event, in.GetEvents()},
	}
	for _, o := range offers {
		if err := o.check(); err != nil {
			return nil, err
		}
	}
	for _, o := range offers {
		if err := s.store.Announce(ctx, string(tenant.From(ctx).Tenant), o.kind, o.names); err != nil {
			return nil, err
		}
	}
	return &actionplanev1.AnnounceCatalogResponse{}, nil
}

// offer is what a service announces of one kind.
type offer struct {
	kind    store.Kind
	trigger condition.Kind
	names   []string
}

// check refuses names that no condition could have.
func (o offer) check() error {
	for _, name := range o.names {
		if err := (condition.Trigger{Kind: o.trigger, Name: name}).Validate(); err != nil {
			return err
		}
	}
	return nil
}

// ListExecutionFunctions lists the well-known functions, then the announced
// ones.
func (s *Service) ListExecutionFunctions(ctx context.Context, _ *actionv3alpha.ListExecutionFunctionsRequest) (*actionv3alpha.ListExecutionFunctionsResponse, error) {
	names, err := s.functions(ctx)
	return &actionv3alpha.ListExecutionFunctionsResponse{Functions: names}, err
}

// ListExecutionMethods lists the announced methods, sorted.
func (s *Service) ListExecutionMethods(ctx context.Context, _ *actionv3alpha.ListExecutionMethodsRequest) (*actionv3alpha.ListExecutionMethodsResponse, error) {
	names, err := s.methods(ctx)
	return &actionv3alpha.ListExecutionMethodsResponse{Methods: names}, err
}

// ListExecutionServices lists the services of the announced methods, sorted.
func (s *Service) ListExecutionServices(ctx context.Context, _ *actionv3alpha.ListExecutionServicesRequest) (*actionv3alpha.ListExecutionServicesResponse, error) {
	names, err := s.services(ctx)
	return &actionv3alpha.ListExecutionServicesResponse{Services: names}, err
}

func (s *Service) functions(ctx context.Context) ([]string, error) {
	announced, err := s.store.ListCatalog(ctx, string(tenant.From(ctx).Tenant), store.Function)
	names := slices.Clone(wellKnownFunctions)
	for _, name := range announced {
		if !slices.Contains(wellKnownFunctions, name) {
			names = append(names, name)
		}
	}
	return names, err
}

func (s *Service) methods(ctx context.Context) ([]string, error) {
	return s.store.ListCatalog(ctx, string(tenant.From(ctx).Tenant), store.Method)
}

func (s *Service) services(ctx context.Context) ([]string, error) {
	methods, err := s.methods(ctx)
	var names []string
	for _, m := range methods {
		service, _, _ := strings.Cut(strings.TrimPrefix(m, "/"), "/")
		names = append(names, service)
	}
	slices.Sort(names)
	return slices.Compact(names), err
}

// checkAnnounced refuses, in strict mode, a condition on something that nobody
// offers (spec sheet, 2.6, step 5). Events are always accepted, as there.
func (s *Service) checkAnnounced(ctx context.Context, c condition.Condition) error {
	if !s.cfg.StrictConditions {
		return nil
	}
	var list func(context.Context) ([]string, error)
	var name, id string
	switch {
	case c.Method != "":
		list, name, id = s.methods, "/"+strings.TrimPrefix(c.Method, "/"), "COMMAND-vysplsevt8"
	case c.Service != "":
		list, name, id = s.services, c.Service, "COMMAND-qu6dfhiioq"
	case c.Name != "":
		list, name, id = s.functions, c.Name, "COMMAND-cdy39t0ksr"
	default:
		return nil
	}
	names, err := list(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(names, name) {
		return fault.NotFound("condition: %q is not announced by any service", name).WithID(id)
	}
	return nil
}
