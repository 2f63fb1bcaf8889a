package executions

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/proto/contract"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
)

// consumeTargetChanges takes deleted targets out of every list.
func (s *Service) consumeTargetChanges(ctx context.Context) error {
	return s.bus.Consume(ctx, bus.Consumer{
		Stream: contract.ChangesStream, Name: "executions-targets", Filter: []string{contract.ChangeSubject("*", "target")},
	}, s.dropTarget)
}

func (s *Service) dropTarget(ctx context.Context, m bus.Message) error {
	c := new(changesv1.Change)
	if err := proto.Unmarshal(m.Data, c); err != nil {
		return fault.Invalid("change: malformed").Because(err)
	}
	if c.GetOperation() != changesv1.Operation_OPERATION_DELETED {
		return nil
	}
	return s.store.DropTargets(ctx, c.GetTenant(), []string{c.GetId()})
}
