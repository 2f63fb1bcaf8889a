package wirev3alpha

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	resourcev3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/object/v3alpha"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// SearchTargets returns a page of targets, each with its newest signing key in
// clear, as the API always has.
func (s *Server) SearchTargets(ctx context.Context, in *actionv3alpha.SearchTargetsRequest) (*actionv3alpha.SearchTargetsResponse, error) {
	query, err := searchOf(in, s.targets.MaxPage())
	if err != nil {
		return nil, err
	}
	page, err := s.targets.Search(ctx, query)
	if err != nil {
		return nil, err
	}
	out := &actionv3alpha.SearchTargetsResponse{
		Details: &resourcev3alpha.ListDetails{
			AppliedLimit: uint64(query.Limit),
			TotalResult:  page.Total,
			Timestamp:    timestamppb.New(page.At),
		},
	}
	for _, found := range page.Targets {
		out.Result = append(out.Result, wireTarget(ctx, found))
	}
	return out, nil
}

// searchOf reads a search from the wire.
func searchOf(in *actionv3alpha.SearchTargetsRequest, maxPage uint32) (target.Search, error) {
	limit, err := target.Limit("query.limit", in.GetQuery().GetLimit(), maxPage)
	if err != nil {
		return target.Search{}, err
	}
	q := target.Search{Desc: in.GetQuery().GetDesc(), Offset: in.GetQuery().GetOffset(), Limit: limit}
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

func filterOf(m *actionv3alpha.TargetSearchFilter) (target.Filter, error) {
	switch f := m.GetFilter().(type) {
	case *actionv3alpha.TargetSearchFilter_TargetNameFilter:
		return target.NameFilterOf(f.TargetNameFilter.GetTargetName(), int32(f.TargetNameFilter.GetMethod())), nil
	case *actionv3alpha.TargetSearchFilter_InTargetIdsFilter:
		return target.IDFilter(target.ParseIDs(f.InTargetIdsFilter.GetTargetIds())), nil
	default:
		return nil, target.NoFilter()
	}
}
