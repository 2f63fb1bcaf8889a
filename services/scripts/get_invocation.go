package scripts

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/scripts/internal/journal"
)

// GetInvocation returns an invocation with its logs and calls. NOT_FOUND until
// it is recorded.
func (s *Service) GetInvocation(ctx context.Context, in *actionplanev1.GetInvocationRequest) (*actionplanev1.GetInvocationResponse, error) {
	id, err := journal.ParseID(in.GetId())
	if err != nil {
		return nil, fault.NotFound("there is no invocation %s", in.GetId())
	}
	e, err := s.store.Invocation(ctx, scope(ctx), id)
	if fault.CodeOf(err) == fault.CodeNotFound {
		return nil, fault.NotFound("there is no invocation %s", in.GetId()).Because(err)
	}
	if err != nil {
		return nil, err
	}
	return &actionplanev1.GetInvocationResponse{Invocation: invocationMessage(e)}, nil
}
