package executions

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/tenant"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	objectv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/object/v3alpha"
	resourcesv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/object/v3alpha"

	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/executions/internal/chain"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
	"github.com/actionplane/actionplane/services/executions/internal/store"
)

// SetExecution replaces the list of a condition. The checks and their order
// are those of the spec sheet, 2.6.
func (s *Service) SetExecution(ctx context.Context, in *actionv3alpha.SetExecutionRequest) (*actionv3alpha.SetExecutionResponse, error) {
	entries, err := entriesFrom(in.GetExecution().GetTargets())
	if err != nil {
		return nil, err
	}
	c := conditionFrom(in.GetCondition())
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := s.checkAnnounced(ctx, c); err != nil {
		return nil, err
	}
	out, err := s.setExecution(ctx, c, entries)
	if err != nil {
		return nil, err
	}
	return &actionv3alpha.SetExecutionResponse{Details: detailsProto(ctx, out)}, nil
}

// setExecution is the one place where an execution changes.
func (s *Service) setExecution(ctx context.Context, c condition.Condition, entries []chain.Entry) (store.Execution, error) {
	id, tenantID := c.ID(), string(tenant.From(ctx).Tenant)
	stored, err := s.store.GetExecutions(ctx, tenantID, append(includesIn(entries), id))
	if err != nil {
		return store.Execution{}, err
	}
	known := map[string]store.Execution{}
	for _, e := range stored {
		known[e.ConditionID] = e
	}
	if old, ok := known[id]; ok && chain.SameEntries(old.Entries, entries) {
		return old, nil // before any check of what the list names
	}
	if err := s.checkEntries(ctx, entries, known); err != nil {
		return store.Execution{}, err
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	out, err := s.store.Set(ctx, store.Setting{
		Tenant: tenantID, Kind: string(c.Kind), Now: now,
		Root: chain.Execution{ConditionID: id, Entries: entries},
		Changed: func(ctx context.Context, tx pgx.Tx, created bool) error {
			op := changesv1.Operation_OPERATION_CHANGED
			if created {
				op = changesv1.Operation_OPERATION_CREATED
			}
			return changefeed.Add(ctx, tx, "execution", id, op, now)
		},
	})
	if err == nil {
		s.settle(ctx)
	}
	return out, err
}

func (s *Service) checkEntries(ctx context.Context, entries []chain.Entry, known map[string]store.Execution) error {
	targets, err := s.existingTargets(ctx, entries)
	if err != nil {
		return err
	}
	return chain.CheckEntries(entries,
		func(id chain.TargetID) bool { return targets[id] },
		func(id string) bool { _, ok := known[id]; return ok })
}

func (s *Service) existingTargets(ctx context.Context, entries []chain.Entry) (map[chain.TargetID]bool, error) {
	in := &targetsv1.GetTargetSnapshotsRequest{}
	for _, e := range entries {
		if e.Target != "" {
			in.Ids = append(in.Ids, string(e.Target))
		}
	}
	if len(in.GetIds()) == 0 {
		return nil, nil
	}
	out, err := s.targets.GetTargetSnapshots(ctx, in)
	if err != nil {
		return nil, err
	}
	existing := map[chain.TargetID]bool{}
	for _, t := range out.GetTargets() {
		existing[chain.TargetID(t.GetId())] = true
	}
	return existing, nil
}

func includesIn(entries []chain.Entry) []string {
	var ids []string
	for _, e := range entries {
		if e.Include != "" {
			ids = append(ids, e.Include)
		}
	}
	return ids
}

func entriesFrom(lines []*actionv3alpha.ExecutionTargetType) ([]chain.Entry, error) {
	entries := make([]chain.Entry, len(lines))
	for i, line := range lines {
		switch line := line.GetType().(type) {
		case *actionv3alpha.ExecutionTargetType_Target:
			entries[i].Target = chain.TargetID(line.Target)
		case *actionv3alpha.ExecutionTargetType_Include:
			id, err := includeFrom(line.Include)
			if err != nil {
				return nil, err
			}
			entries[i].Include = id
		}
	}
	return entries, nil
}

func detailsProto(ctx context.Context, e store.Execution) *resourcesv3alpha.Details {
	return &resourcesv3alpha.Details{
		Id:      e.ConditionID,
		Created: timestamppb.New(e.CreatedAt),
		Changed: timestamppb.New(e.ChangedAt),
		Owner:   &objectv3alpha.Owner{Type: objectv3alpha.OwnerType_OWNER_TYPE_INSTANCE, Id: string(tenant.From(ctx).Tenant)},
	}
}
