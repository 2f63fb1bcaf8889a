package targets

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	resourcev3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/object/v3alpha"
	"github.com/actionplane/actionplane/services/targets/internal/store"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// idEmptyFilter is the wire's for a filter without a member.
const idEmptyFilter = "GRPC-vR9nC"

// SearchTargets returns a page of targets, each with its newest signing key in
// clear, as the API always has.
func (s *Service) SearchTargets(ctx context.Context, in *actionv3alpha.SearchTargetsRequest) (*actionv3alpha.SearchTargetsResponse, error) {
	query, err := searchOf(in)
	if err != nil {
		return nil, err
	}
	page, err := s.store.Search(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.wirePage(ctx, query, page)
}

func (s *Service) wirePage(ctx context.Context, query target.Search, page store.Page) (*actionv3alpha.SearchTargetsResponse, error) {
	out := &actionv3alpha.SearchTargetsResponse{
		Details: &resourcev3alpha.ListDetails{
			AppliedLimit: uint64(query.Limit),
			TotalResult:  page.Total,
			Timestamp:    timestamppb.New(page.At),
		},
	}
	for _, found := range page.Targets {
		t, err := s.wireTarget(ctx, found)
		if err != nil {
			return nil, err
		}
		out.Result = append(out.Result, t)
	}
	return out, nil
}

// searchOf reads a search from the wire.
func searchOf(in *actionv3alpha.SearchTargetsRequest) (target.Search, error) {
	limit, err := target.Limit(in.GetQuery().GetLimit())
	if err != nil {
		return target.Search{}, err
	}
	q := target.Search{Desc: in.GetQuery().GetDesc(), Offset: in.GetQuery().GetOffset(), Limit: limit}
	if in.SortingColumn != nil {
		q.SortBy = columnOf(in.GetSortingColumn())
	}
	for _, m := range in.GetFilters() {
		f, err := filterOf(m)
		if err != nil {
			return target.Search{}, err
		}
		q.Filters = append(q.Filters, f)
	}
	return q, nil
}

// columnOf returns the column for one that was asked for by name; numbers that
// name none mean the creation date, as no column at all does.
func columnOf(f actionv3alpha.TargetFieldName) target.Column {
	switch f {
	case actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_UNSPECIFIED, actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_ID:
		return target.ByID
	case actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_CHANGED_DATE:
		return target.ByChanged
	case actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_NAME:
		return target.ByName
	case actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_TARGET_TYPE:
		return target.ByKind
	case actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_URL:
		return target.ByEndpoint
	case actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_TIMEOUT:
		return target.ByTimeout
	case actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_INTERRUPT_ON_ERROR:
		return target.ByInterruptOnError
	default:
		return target.ByCreated
	}
}

func filterOf(m *actionv3alpha.TargetSearchFilter) (target.Filter, error) {
	switch f := m.GetFilter().(type) {
	case *actionv3alpha.TargetSearchFilter_TargetNameFilter:
		return nameFilterOf(f.TargetNameFilter), nil
	case *actionv3alpha.TargetSearchFilter_InTargetIdsFilter:
		return target.IDFilter(targetIDs(f.InTargetIdsFilter.GetTargetIds())), nil
	default:
		return nil, fault.Invalid("Every filter needs targetNameFilter or inTargetIdsFilter").WithID(idEmptyFilter)
	}
}

// nameFilterOf reads the eight methods, which come in pairs: the odd number of
// a pair ignores case.
func nameFilterOf(m *actionv3alpha.TargetNameFilter) target.NameFilter {
	f := target.NameFilter{Text: m.GetTargetName(), IgnoreCase: m.GetMethod()%2 == 1}
	switch m.GetMethod() {
	case resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_STARTS_WITH, resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_STARTS_WITH_IGNORE_CASE:
		f.Match = target.StartsWith
	case resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_CONTAINS, resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_CONTAINS_IGNORE_CASE:
		f.Match = target.Contains
	case resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_ENDS_WITH, resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_ENDS_WITH_IGNORE_CASE:
		f.Match = target.EndsWith
	}
	return f
}
