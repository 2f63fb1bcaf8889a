package executions

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	filterv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/filter/v2"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/executions/internal/chain"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
	"github.com/actionplane/actionplane/services/executions/internal/store"
)

// actionV2 serves zitadel.action.v2.ActionService: the same executions as
// v3alpha's, in a version that knows targets and no includes.
//
// What v3alpha built with includes is shown as what it calls, the includes
// unfolded. To set what is shown changes nothing, so that a client that reads
// and writes back, as Terraform does, destroys no include it cannot see. To
// set another list puts plain targets in the place of everything, and an empty
// list always leaves a noop. A filter by target finds what is shown, too.
type actionV2 struct{ room *Service }

// SetExecution replaces the list of a condition.
func (a actionV2) SetExecution(ctx context.Context, in *actionv2.SetExecutionRequest) (*actionv2.SetExecutionResponse, error) {
	c, err := conditionFromV2(in.GetCondition())
	if err != nil {
		return nil, err
	}
	entries := make([]chain.Entry, len(in.GetTargets()))
	for i, id := range in.GetTargets() {
		entries[i].Target = chain.TargetID(id)
	}
	out, err := a.room.setExecution(ctx, setting{
		condition: c, entries: entries, field: "targets",
		same: func(stored chain.Execution, executions chain.Executions) bool {
			return chain.SameTargets(stored, executions, entries)
		},
	})
	if err != nil {
		return nil, err
	}
	return &actionv2.SetExecutionResponse{SetDate: timestamppb.New(out.ChangedAt)}, nil
}

// ListExecutions lists executions that have at least one entry, the last
// created first.
func (a actionV2) ListExecutions(ctx context.Context, in *actionv2.ListExecutionsRequest) (*actionv2.ListExecutionsResponse, error) {
	q, err := searchFromV2(in)
	if err != nil {
		return nil, err
	}
	tenantID := string(tenant.From(ctx).Tenant)
	found, total, err := a.room.store.SearchExecutions(ctx, tenantID, q)
	if err != nil {
		return nil, err
	}
	var includes []string
	for _, e := range found {
		includes = append(includes, includesIn(e.Entries)...)
	}
	included, err := a.room.store.Closure(ctx, tenantID, includes)
	if err != nil {
		return nil, err
	}
	out := &actionv2.ListExecutionsResponse{Pagination: &filterv2.PaginationResponse{TotalResult: total, AppliedLimit: uint64(q.Limit)}}
	for _, e := range found {
		shown, err := executionV2(e, func(id string) (chain.Execution, bool) { e, ok := included[id]; return e, ok })
		if err != nil {
			return nil, err
		}
		out.Executions = append(out.Executions, shown)
	}
	return out, nil
}

// ListExecutionFunctions is v3alpha's.
func (a actionV2) ListExecutionFunctions(ctx context.Context, _ *actionv2.ListExecutionFunctionsRequest) (*actionv2.ListExecutionFunctionsResponse, error) {
	names, err := a.room.functions(ctx)
	return &actionv2.ListExecutionFunctionsResponse{Functions: names}, err
}

// ListExecutionMethods is v3alpha's.
func (a actionV2) ListExecutionMethods(ctx context.Context, _ *actionv2.ListExecutionMethodsRequest) (*actionv2.ListExecutionMethodsResponse, error) {
	names, err := a.room.methods(ctx)
	return &actionv2.ListExecutionMethodsResponse{Methods: names}, err
}

// ListExecutionServices is v3alpha's.
func (a actionV2) ListExecutionServices(ctx context.Context, _ *actionv2.ListExecutionServicesRequest) (*actionv2.ListExecutionServicesResponse, error) {
	names, err := a.room.services(ctx)
	return &actionv2.ListExecutionServicesResponse{Services: names}, err
}

func executionV2(e store.Execution, included chain.Executions) (*actionv2.Execution, error) {
	out := &actionv2.Execution{
		Condition: &actionv2.Condition{}, CreationDate: timestamppb.New(e.CreatedAt), ChangeDate: timestamppb.New(e.ChangedAt),
	}
	for _, id := range chain.Flatten(e.Chain(), included) {
		out.Targets = append(out.Targets, string(id))
	}
	return out, reread(conditionProto(e.ConditionID), out.GetCondition())
}

func searchFromV2(in *actionv2.ListExecutionsRequest) (store.Search, error) {
	page := in.GetPagination()
	q, err := searchPage("pagination", page.GetOffset(), page.GetLimit())
	if err != nil {
		return q, err
	}
	q.Desc = !page.GetAsc()
	if in.SortingColumn != nil {
		q.Sort = sortFrom(actionv3alpha.ExecutionFieldName(in.GetSortingColumn()))
	}
	for _, f := range in.GetFilters() {
		if err := addFilterV2(&q, f); err != nil {
			return q, err
		}
	}
	return q, nil
}

func addFilterV2(q *store.Search, f *actionv2.ExecutionSearchFilter) error {
	switch f := f.GetFilter().(type) {
	case *actionv2.ExecutionSearchFilter_InConditionsFilter:
		in := new(actionv3alpha.InConditionsFilter)
		if err := reread(f.InConditionsFilter, in); err != nil {
			return err
		}
		return addConditions(q, in)
	case *actionv2.ExecutionSearchFilter_ExecutionTypeFilter:
		addKind(q, actionv3alpha.ExecutionType(f.ExecutionTypeFilter.GetExecutionType()))
	case *actionv2.ExecutionSearchFilter_TargetFilter:
		q.CalledIDs = append(q.CalledIDs, f.TargetFilter.GetTargetId())
	default:
		return errFilterWithoutType()
	}
	return nil
}

func conditionFromV2(c *actionv2.Condition) (condition.Condition, error) {
	in := new(actionv3alpha.Condition)
	if err := reread(c, in); err != nil {
		return condition.Condition{}, err
	}
	return conditionFrom(in), nil
}

// reread reads a message as that of another version of the API which is the
// same on the wire: conditions are in all of them (spec sheet, 3). What into's
// type does not have is left out.
func reread(from, into proto.Message) error {
	data, err := proto.Marshal(from)
	if err == nil {
		err = proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(data, into)
	}
	if err != nil {
		return fault.Internal("read %s as %s", from.ProtoReflect().Descriptor().FullName(), into.ProtoReflect().Descriptor().FullName()).Because(err)
	}
	return nil
}
