package scripts

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
)

// Check says what looks wrong with a script. It is compiled in a worker, for it
// may be anybody's.
func (s *Service) Check(ctx context.Context, in *scriptsv1.CheckRequest) (*scriptsv1.CheckResponse, error) {
	found, err := s.pool.Check(ctx, string(tenant.From(ctx).Tenant), in.GetName(), in.GetScript())
	if err != nil {
		return nil, err
	}
	out := &scriptsv1.CheckResponse{}
	for _, w := range found {
		severity := scriptsv1.Severity_SEVERITY_WARNING
		if w.Severe {
			severity = scriptsv1.Severity_SEVERITY_ERROR
		}
		out.Warnings = append(out.Warnings, &scriptsv1.Warning{
			Severity: severity, Message: w.Message, Line: uint32(w.Line), Column: uint32(w.Column),
		})
	}
	return out, nil
}
