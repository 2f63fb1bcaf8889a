package wirev2

import (
	"context"

	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	filterv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/filter/v2"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// limitField is how a limit that is too large is called.
const limitField = "pagination.limit"

// ListTargets returns a page of targets, each with its newest signing key in
// clear, as the API always has.
func (s *Server) ListTargets(ctx context.Context, in *actionv2.ListTargetsRequest) (*actionv2.ListTargetsResponse, error) {
	query, err := searchOf(in, s.targets.MaxPage())
	if err != nil {
		return nil, err
	}
	page, err := s.targets.Search(ctx, query)
	if err != nil {
		return nil, err
	}
	out := &actionv2.ListTargetsResponse{
		Pagination: &filterv2.PaginationResponse{TotalResult: page.Total, AppliedLimit: uint64(query.Limit)},
	}
	for _, found := range page.Targets {
		out.Targets = append(out.Targets, wireTarget(found))
	}
	return out, nil
}

// searchOf reads a search from the wire. Unless asked, the order is turned
// round: the last comes first.
func searchOf(in *actionv2.ListTargetsRequest, maxPage uint32) (target.Search, error) {
	limit, err := target.Limit(limitField, in.GetPagination().GetLimit(), maxPage)
	if err != nil {
		return target.Search{}, err
	}
	q := target.Search{Desc: !in.GetPagination().GetAsc(), Offset: in.GetPagination().GetOffset(), Limit: limit}
	if in.SortingColumn != nil {
		q.SortBy = target.ColumnOf(int32(in.GetSortingColumn()))
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

func filterOf(m *actionv2.TargetSearchFilter) (target.Filter, error) {
	switch f := m.GetFilter().(type) {
	case *actionv2.TargetSearchFilter_TargetNameFilter:
		return target.NameFilterOf(f.TargetNameFilter.GetTargetName(), int32(f.TargetNameFilter.GetMethod())), nil
	case *actionv2.TargetSearchFilter_InTargetIdsFilter:
		return target.IDFilter(target.ParseIDs(f.InTargetIdsFilter.GetTargetIds())), nil
	default:
		return nil, target.NoFilter()
	}
}
