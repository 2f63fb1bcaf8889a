package executions

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/approval"
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
	out, err := s.setExecution(ctx, setting{
		condition: conditionFrom(in.GetCondition()), entries: entries, field: "execution.targets",
		same: func(stored chain.Execution, _ chain.Executions) bool {
			return chain.SameEntries(stored.Entries, entries)
		},
	})
	if err != nil {
		return nil, err
	}
	return &actionv3alpha.SetExecutionResponse{Details: detailsProto(ctx, out)}, nil
}

// setting is what a caller wants a condition's list to be.
type setting struct {
	condition condition.Condition
	entries   []chain.Entry
	field     string // where the entries stand in the request
	// same reports that what is stored is what the caller asks for.
	same func(stored chain.Execution, executions chain.Executions) bool
}

// setExecution is the one place where an execution changes, whatever version
// of the API asks for it.
func (s *Service) setExecution(ctx context.Context, in setting) (store.Execution, error) {
	if err := in.condition.Validate(); err != nil {
		return store.Execution{}, err
	}
	if err := s.checkAnnounced(ctx, in.condition); err != nil {
		return store.Execution{}, err
	}
	id, tenantID := in.condition.ID(), string(tenant.From(ctx).Tenant)
	known, err := s.store.Unfolding(ctx, tenantID, append(includesIn(in.entries), id))
	if err != nil {
		return store.Execution{}, err
	}
	if old, ok := known[id]; ok && in.same(old.Chain(), store.Chains(known)) {
		return old, nil // before any check of what the list names
	}
	if err := chain.CheckLength(in.field, in.entries, s.cfg.limits()); err != nil {
		return store.Execution{}, err
	}
	if err := s.checkEntries(ctx, in, known); err != nil {
		return store.Execution{}, err
	}
	out, err := s.put(ctx, tenantID, in)
	if err != nil {
		return store.Execution{}, err
	}
	s.dropVanished(ctx, tenantID, in.entries)
	s.settle(ctx)
	return out, nil
}

// put stores the list and announces the change with it, unless it must wait for
// approval.
func (s *Service) put(ctx context.Context, tenantID string, in setting) (store.Execution, error) {
	id := in.condition.ID()
	var out store.Execution
	err := approval.Do(ctx, s.door, gatedExecution(tenantID, id), s.store.Tx, func(ctx context.Context, tx *store.Tx) (err error) {
		now := time.Now().UTC().Truncate(time.Microsecond)
		out, err = tx.Set(ctx, store.Setting{
			Tenant: tenantID, Kind: string(in.condition.Kind), Now: now, Limits: s.cfg.limits(), Same: in.same,
			Root: chain.Execution{ConditionID: id, Entries: in.entries},
			Changed: func(ctx context.Context, tx pgx.Tx, created bool) error {
				op := changesv1.Operation_OPERATION_CHANGED
				if created {
					op = changesv1.Operation_OPERATION_CREATED
				}
				return changefeed.Add(ctx, tx, "execution", id, op, now)
			},
		})
		return err
	})
	return out, err
}

// dropVanished takes targets that were deleted since checkEntries saw them out
// of the lists again: consumeTargetChanges may have come by before the list
// was stored.
func (s *Service) dropVanished(ctx context.Context, tenantID string, entries []chain.Entry) {
	existing, err := s.existingTargets(ctx, entries)
	var gone []string
	for _, e := range entries {
		if e.Target != "" && !existing[e.Target] {
			gone = append(gone, string(e.Target))
		}
	}
	if err == nil && len(gone) > 0 {
		err = s.store.DropTargets(ctx, tenantID, gone)
	}
	if err != nil { // the resolver leaves them out in any case
		s.log.WarnContext(ctx, "executions.drop_vanished", "error", err)
	}
}

func (s *Service) checkEntries(ctx context.Context, in setting, known map[string]store.Execution) error {
	targets, err := s.existingTargets(ctx, in.entries)
	if err != nil {
		return err
	}
	return chain.CheckEntries(in.field, in.entries,
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
