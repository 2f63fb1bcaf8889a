package wirev2

import (
	"context"

	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	filterv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/filter/v2"
	"github.com/actionplane/actionplane/services/targets/internal/publickey"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// ListPublicKeys returns a page of a target's public keys.
func (s *Server) ListPublicKeys(ctx context.Context, in *actionv2.ListPublicKeysRequest) (*actionv2.ListPublicKeysResponse, error) {
	query, err := keySearchOf(in, s.targets.MaxPage())
	if err != nil {
		return nil, err
	}
	page, total, err := s.targets.PublicKeys(ctx, in.GetTargetId(), query)
	if err != nil {
		return nil, err
	}
	out := &actionv2.ListPublicKeysResponse{
		Pagination: &filterv2.PaginationResponse{TotalResult: total, AppliedLimit: uint64(query.Limit)},
	}
	for _, k := range page {
		out.PublicKeys = append(out.PublicKeys, wireKey(k))
	}
	return out, nil
}

func wireKey(k publickey.Key) *actionv2.PublicKey {
	return &actionv2.PublicKey{
		KeyId:          k.ID,
		Active:         k.Active,
		PublicKey:      k.PEM,
		Fingerprint:    k.Fingerprint,
		ExpirationDate: date(k.Expires),
		CreationDate:   date(k.Created),
		ChangeDate:     date(k.Changed),
	}
}

func keySearchOf(in *actionv2.ListPublicKeysRequest, maxPage uint32) (publickey.Search, error) {
	limit, err := target.Limit(limitField, in.GetPagination().GetLimit(), maxPage)
	if err != nil {
		return publickey.Search{}, err
	}
	q := publickey.Search{
		SortBy: publickey.ColumnOf(int32(in.GetSortingColumn())),
		Desc:   !in.GetPagination().GetAsc(),
		Offset: in.GetPagination().GetOffset(),
		Limit:  limit,
	}
	for _, m := range in.GetFilters() {
		f, err := keyFilterOf(m)
		if err != nil {
			return publickey.Search{}, err
		}
		q.Filters = append(q.Filters, f)
	}
	return q, nil
}

func keyFilterOf(m *actionv2.PublicKeySearchFilter) (publickey.Filter, error) {
	switch f := m.GetFilter().(type) {
	case *actionv2.PublicKeySearchFilter_KeyIdsFilter:
		return publickey.InIDs(f.KeyIdsFilter.GetIds()), nil
	case *actionv2.PublicKeySearchFilter_ActiveFilter:
		return publickey.IsActive(f.ActiveFilter), nil
	case *actionv2.PublicKeySearchFilter_ExpirationDateFilter:
		expires := f.ExpirationDateFilter
		return publickey.ExpiresAt(publickey.TimeMatch(expires.GetMethod()), expires.GetTimestamp().AsTime()), nil // numbered alike
	default:
		return nil, publickey.NoFilter()
	}
}
