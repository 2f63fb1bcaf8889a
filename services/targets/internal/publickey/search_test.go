package publickey_test

import (
	"slices"
	"testing"
	"time"

	"github.com/actionplane/actionplane/services/targets/internal/publickey"
)

func TestSearch(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	keys := []publickey.Key{
		{ID: "a", Created: now, Changed: now.Add(3 * day), Expires: now.Add(9 * day)},
		{ID: "b", Created: now.Add(day), Changed: now.Add(2 * day), Active: true},
		{ID: "c", Created: now.Add(day), Changed: now.Add(day), Expires: now.Add(5 * day)},
	}
	tests := []struct {
		name   string
		search publickey.Search
		want   []string
		total  uint64
	}{
		{"ByCreation", publickey.Search{}, []string{"a", "b", "c"}, 3},
		{"ByCreationDescending", publickey.Search{Desc: true}, []string{"c", "b", "a"}, 3},
		{"ByChange", publickey.Search{SortBy: publickey.ColumnOf(2)}, []string{"c", "b", "a"}, 3},
		{"ByExpiryWithNeverLast", publickey.Search{SortBy: publickey.ColumnOf(3)}, []string{"c", "a", "b"}, 3},
		{"ByColumnsThatNobodyKnows", publickey.Search{SortBy: publickey.ColumnOf(99)}, []string{"a", "b", "c"}, 3},
		{"PageInTheMiddle", publickey.Search{Offset: 1, Limit: 1}, []string{"b"}, 3},
		{"PageBehindTheEnd", publickey.Search{Offset: 1 << 63, Limit: 1}, nil, 3},
		{"Active", publickey.Search{Filters: []publickey.Filter{publickey.IsActive(true)}}, []string{"b"}, 1},
		{"ByIDAndInactive", publickey.Search{Filters: []publickey.Filter{publickey.InIDs([]string{"a", "b", "x"}), publickey.IsActive(false)}}, []string{"a"}, 1},
		{"OfNoID", publickey.Search{Filters: []publickey.Filter{publickey.InIDs(nil)}}, nil, 0},
		{"ExpiringAt", publickey.Search{Filters: []publickey.Filter{publickey.ExpiresAt(publickey.At, now.Add(5*day))}}, []string{"c"}, 1},
		{"ExpiringAfter", publickey.Search{Filters: []publickey.Filter{publickey.ExpiresAt(publickey.After, now.Add(5*day))}}, []string{"a", "b"}, 2},
		{"ExpiringAtOrAfter", publickey.Search{Filters: []publickey.Filter{publickey.ExpiresAt(publickey.AtOrAfter, now.Add(5*day))}}, []string{"a", "b", "c"}, 3},
		{"ExpiringBefore", publickey.Search{Filters: []publickey.Filter{publickey.ExpiresAt(publickey.Before, now.Add(9*day))}}, []string{"c"}, 1},
		{"ExpiringAtOrBefore", publickey.Search{Filters: []publickey.Filter{publickey.ExpiresAt(publickey.AtOrBefore, now.Add(9*day))}}, []string{"a", "c"}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.search.Limit == 0 {
				tt.search.Limit = 100
			}
			page, total := tt.search.Find(keys)
			var got []string
			for _, k := range page {
				got = append(got, k.ID)
			}
			if !slices.Equal(got, tt.want) || total != tt.total {
				t.Errorf("got %v of %d, want %v of %d", got, total, tt.want, tt.total)
			}
		})
	}
}
