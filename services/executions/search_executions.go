package executions

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	resourcesv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/object/v3alpha"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
	"github.com/actionplane/actionplane/services/executions/internal/store"
)

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// SearchExecutions lists executions that have at least one target or include.
// Unlike the original it honours the sorting column and fills the condition.
func (s *Service) SearchExecutions(ctx context.Context, in *actionv3alpha.SearchExecutionsRequest) (*actionv3alpha.SearchExecutionsResponse, error) {
	q, err := searchFrom(in)
	if err != nil {
		return nil, err
	}
	found, total, err := s.store.SearchExecutions(ctx, string(tenant.From(ctx).Tenant), q)
	if err != nil {
		return nil, err
	}
	out := &actionv3alpha.SearchExecutionsResponse{Details: &resourcesv3alpha.ListDetails{
		AppliedLimit: uint64(q.Limit),
		TotalResult:  total,
		Timestamp:    timestamppb.New(time.Now()),
	}}
	for _, e := range found {
		out.Result = append(out.Result, &actionv3alpha.GetExecution{
			Details:   detailsProto(ctx, e),
			Condition: conditionProto(e.ConditionID),
			Execution: &actionv3alpha.Execution{Targets: entriesProto(e)},
		})
	}
	return out, nil
}

func searchFrom(in *actionv3alpha.SearchExecutionsRequest) (store.Search, error) {
	q, err := searchPage("query", in.GetQuery().GetOffset(), in.GetQuery().GetLimit())
	if err != nil {
		return q, err
	}
	q.Desc = in.GetQuery().GetDesc()
	if in.SortingColumn != nil {
		q.Sort = sortFrom(in.GetSortingColumn())
	}
	for _, f := range in.GetFilters() {
		if err := addFilter(&q, f); err != nil {
			return q, err
		}
	}
	return q, nil
}

// searchPage is a search without filters by creation date. field is where the
// request says which page is wanted.
func searchPage(field string, offset uint64, limit uint32) (store.Search, error) {
	q := store.Search{Sort: store.SortCreated, Offset: offset, Limit: limit}
	switch {
	case q.Limit == 0:
		q.Limit = defaultLimit
	case q.Limit > maxLimit:
		return q, fault.Invalid("%s.limit: at most %d results", field, maxLimit).WithID("QUERY-4M0fs")
	}
	if q.Offset > 1<<62 {
		return q, fault.Invalid("%s.offset is too large", field)
	}
	return q, nil
}

func sortFrom(c actionv3alpha.ExecutionFieldName) store.Sort {
	switch c {
	case actionv3alpha.ExecutionFieldName_EXECUTION_FIELD_NAME_UNSPECIFIED, actionv3alpha.ExecutionFieldName_EXECUTION_FIELD_NAME_ID:
		return store.SortID
	case actionv3alpha.ExecutionFieldName_EXECUTION_FIELD_NAME_CHANGED_DATE:
		return store.SortChanged
	}
	return store.SortCreated
}

var kindOf = map[actionv3alpha.ExecutionType]condition.Kind{
	actionv3alpha.ExecutionType_EXECUTION_TYPE_REQUEST:  condition.Request,
	actionv3alpha.ExecutionType_EXECUTION_TYPE_RESPONSE: condition.Response,
	actionv3alpha.ExecutionType_EXECUTION_TYPE_FUNCTION: condition.Function,
	actionv3alpha.ExecutionType_EXECUTION_TYPE_EVENT:    condition.Event,
}

func addFilter(q *store.Search, f *actionv3alpha.ExecutionSearchFilter) error {
	switch f := f.GetFilter().(type) {
	case *actionv3alpha.ExecutionSearchFilter_InConditionsFilter:
		return addConditions(q, f.InConditionsFilter)
	case *actionv3alpha.ExecutionSearchFilter_ExecutionTypeFilter:
		addKind(q, f.ExecutionTypeFilter.GetExecutionType())
	case *actionv3alpha.ExecutionSearchFilter_TargetFilter:
		q.TargetIDs = append(q.TargetIDs, f.TargetFilter.GetTargetId())
	case *actionv3alpha.ExecutionSearchFilter_IncludeFilter:
		id, err := includeFrom(f.IncludeFilter.GetInclude())
		if err != nil {
			return err
		}
		q.IncludeIDs = append(q.IncludeIDs, id)
	default:
		return errFilterWithoutType()
	}
	return nil
}

func errFilterWithoutType() error {
	return fault.Invalid("filters: a filter without a type").WithID("GRPC-vR9nC")
}

// addConditions wants one of the conditions, whether it was ever set or not.
func addConditions(q *store.Search, in *actionv3alpha.InConditionsFilter) error {
	ids := []string{}
	for _, c := range in.GetConditions() {
		c := conditionFrom(c)
		if err := c.Validate(); err != nil {
			return err
		}
		ids = append(ids, c.ID())
	}
	q.ConditionIDs = append(q.ConditionIDs, ids)
	return nil
}

// addKind wants conditions of a kind; unspecified matches nothing.
func addKind(q *store.Search, kind actionv3alpha.ExecutionType) {
	q.Kinds = append(q.Kinds, string(kindOf[kind]))
}

func entriesProto(e store.Execution) []*actionv3alpha.ExecutionTargetType {
	lines := make([]*actionv3alpha.ExecutionTargetType, len(e.Entries))
	for i, entry := range e.Entries {
		lines[i] = &actionv3alpha.ExecutionTargetType{}
		if entry.Include != "" {
			lines[i].Type = &actionv3alpha.ExecutionTargetType_Include{Include: conditionProto(entry.Include)}
		} else {
			lines[i].Type = &actionv3alpha.ExecutionTargetType_Target{Target: string(entry.Target)}
		}
	}
	return lines
}
