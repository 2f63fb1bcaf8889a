package actions

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	actionv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v1"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	zitadelv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// ListActions returns a page of the organization's actions. Unlike the original
// it honours sorting_column and asc, as documented: descending unless asked
// otherwise, by id where no column is named.
func (h *handler) ListActions(ctx context.Context, in *managementv1.ListActionsRequest) (*managementv1.ListActionsResponse, error) {
	owner, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	query, err := h.query(in)
	if err != nil {
		return nil, err
	}
	page, total, err := h.store.ListActions(ctx, owner, query)
	if err != nil {
		return nil, err
	}
	out := &managementv1.ListActionsResponse{
		Details:       &zitadelv1.ListDetails{TotalResult: total, ViewTimestamp: timestamppb.New(time.Now())},
		SortingColumn: in.GetSortingColumn(),
	}
	for _, a := range page {
		out.Result = append(out.Result, actionMessage(a))
	}
	return out, nil
}

// query reads a request. INVALID_ARGUMENT QUERY-4M0fs: the limit is above the
// largest; MGMT-dsg3z: a query of no kind.
func (h *handler) query(in *managementv1.ListActionsRequest) (action.Query, error) {
	q := action.Query{
		Order:     columns[in.GetSortingColumn()],
		Ascending: in.GetQuery().GetAsc(),
		Offset:    in.GetQuery().GetOffset(),
		Limit:     in.GetQuery().GetLimit(),
	}
	if q.Limit == 0 {
		q.Limit = uint32(h.config.DefaultPage)
	}
	if int64(q.Limit) > int64(h.config.MaxPage) {
		return q, fault.Invalid("the limit is above %d", h.config.MaxPage).WithID("QUERY-4M0fs")
	}
	for _, m := range in.GetQueries() {
		f, err := filter(m)
		if err != nil {
			return q, err
		}
		q.Filters = append(q.Filters, f)
	}
	return q, nil
}

// columns are the sorting columns; none is by id.
var columns = map[actionv1.ActionFieldName]action.Column{
	actionv1.ActionFieldName_ACTION_FIELD_NAME_NAME:  action.OrderName,
	actionv1.ActionFieldName_ACTION_FIELD_NAME_ID:    action.OrderID,
	actionv1.ActionFieldName_ACTION_FIELD_NAME_STATE: action.OrderState,
}

// filter reads one query.
func filter(m *managementv1.ActionQuery) (action.Filter, error) {
	switch q := m.GetQuery().(type) {
	case *managementv1.ActionQuery_ActionIdQuery:
		return action.ByID(q.ActionIdQuery.GetId()), nil
	case *managementv1.ActionQuery_ActionNameQuery:
		return nameFilter(q.ActionNameQuery), nil
	case *managementv1.ActionQuery_ActionStateQuery:
		return stateFilter(q.ActionStateQuery.GetState()), nil
	default:
		return nil, fault.Invalid("Request is invalid").WithID("MGMT-dsg3z")
	}
}

// methods are the text methods. Every second one of the wire ignores case.
var methods = map[zitadelv1.TextQueryMethod]action.Method{
	zitadelv1.TextQueryMethod_TEXT_QUERY_METHOD_EQUALS:                  action.Equals,
	zitadelv1.TextQueryMethod_TEXT_QUERY_METHOD_EQUALS_IGNORE_CASE:      action.Equals,
	zitadelv1.TextQueryMethod_TEXT_QUERY_METHOD_STARTS_WITH:             action.StartsWith,
	zitadelv1.TextQueryMethod_TEXT_QUERY_METHOD_STARTS_WITH_IGNORE_CASE: action.StartsWith,
	zitadelv1.TextQueryMethod_TEXT_QUERY_METHOD_CONTAINS:                action.Contains,
	zitadelv1.TextQueryMethod_TEXT_QUERY_METHOD_CONTAINS_IGNORE_CASE:    action.Contains,
	zitadelv1.TextQueryMethod_TEXT_QUERY_METHOD_ENDS_WITH:               action.EndsWith,
	zitadelv1.TextQueryMethod_TEXT_QUERY_METHOD_ENDS_WITH_IGNORE_CASE:   action.EndsWith,
}

// nameFilter reads a comparison of names.
func nameFilter(q *actionv1.ActionNameQuery) action.ByName {
	return action.ByName{Text: q.GetName(), Method: methods[q.GetMethod()], IgnoreCase: q.GetMethod()%2 == 1}
}

// stateFilter reads a state; UNSPECIFIED is the state of no action.
func stateFilter(m actionv1.ActionState) action.ByState {
	for state, message := range stateMessages {
		if message == m {
			return action.ByState(state)
		}
	}
	return ""
}
