package executions

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/executions/internal/catalog"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
	"github.com/actionplane/actionplane/services/executions/internal/store"
)

// ListExecutionFunctions lists the built-in functions, then the announced
// ones.
func (s *Service) ListExecutionFunctions(ctx context.Context, _ *actionv3alpha.ListExecutionFunctionsRequest) (*actionv3alpha.ListExecutionFunctionsResponse, error) {
	names, err := s.functions(ctx)
	return &actionv3alpha.ListExecutionFunctionsResponse{Functions: names}, err
}

// ListExecutionMethods lists the announced methods, sorted. The original lists
// all that it serves itself, this call among them. Of our own public methods
// none is listed: conditions on them never fire, so that nobody can lock
// themselves out with one (spec sheet, 6.9).
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
	announced, err := s.names(ctx, store.Function)
	return catalog.Functions(announced), err
}

func (s *Service) methods(ctx context.Context) ([]string, error) { return s.names(ctx, store.Method) }

func (s *Service) services(ctx context.Context) ([]string, error) {
	methods, err := s.methods(ctx)
	return catalog.Services(methods), err
}

func (s *Service) names(ctx context.Context, kind store.Kind) ([]string, error) {
	return s.store.ListNames(ctx, string(tenant.From(ctx).Tenant), kind)
}

// offers reads the whole catalog.
func (s *Service) offers(ctx context.Context) (catalog.Offers, error) {
	var names [3][]string
	for i, kind := range []store.Kind{store.Method, store.Function, store.Event} {
		var err error
		if names[i], err = s.names(ctx, kind); err != nil {
			return catalog.Offers{}, err
		}
	}
	return catalog.New(names[0], names[1], names[2]), nil
}

// checkAnnounced refuses, in strict mode, a condition on something that nobody
// offers (spec sheet, 2.6, step 5). Events are always accepted, as there.
func (s *Service) checkAnnounced(ctx context.Context, c condition.Condition) error {
	if c.Kind == condition.Event || !s.cfg.strict(tenant.From(ctx).Tenant) {
		return nil
	}
	offers, err := s.offers(ctx)
	if err != nil || offers.Announced(c) {
		return err
	}
	refusal := fault.NotFound("condition: %q is not announced by any service", c.ID())
	switch {
	case c.Method != "":
		return refusal.WithID("COMMAND-vysplsevt8")
	case c.Service != "":
		return refusal.WithID("COMMAND-qu6dfhiioq")
	}
	return refusal.WithID("COMMAND-cdy39t0ksr")
}
