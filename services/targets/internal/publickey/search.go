package publickey

import (
	"cmp"
	"slices"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
)

const idNoFilter = "GRPC-vR9nC"

// Search asks for a page of a target's keys. They are few, so it is answered
// from all of them.
type Search struct {
	Filters []Filter // all must match
	SortBy  Column   // keys alike in it are sorted by id
	Desc    bool     // turns the whole order round
	Offset  uint64
	Limit   uint32
}

// Filter reports whether it matches a key.
type Filter func(Key) bool

// Column is what a search sorts by.
type Column uint8

// The columns. Keys that do not expire are last by it.
const (
	ByCreated Column = iota
	ByChanged
	ByExpires
)

// TimeMatch says how a time compares with a filter's.
type TimeMatch uint8

// The ways to compare, numbered as on the wire.
const (
	At TimeMatch = iota
	After
	AtOrAfter
	Before
	AtOrBefore
)

// InIDs matches the keys that ids lists; none when it is empty.
func InIDs(ids []string) Filter {
	return func(k Key) bool { return slices.Contains(ids, k.ID) }
}

// IsActive matches the keys that are active, or those that are not.
func IsActive(active bool) Filter {
	return func(k Key) bool { return k.Active == active }
}

// ExpiresAt compares expiry dates; a key without one is later than every time.
func ExpiresAt(match TimeMatch, t time.Time) Filter {
	return func(k Key) bool {
		order := expiry(k).Compare(t)
		switch match {
		case After:
			return order > 0
		case AtOrAfter:
			return order >= 0
		case Before:
			return order < 0
		case AtOrBefore:
			return order <= 0
		default:
			return order == 0
		}
	}
}

// NoFilter is the fault of a filter without a member.
func NoFilter() error {
	return fault.Invalid("Every filter needs keyIdsFilter, activeFilter or expirationDateFilter").WithID(idNoFilter)
}

// ColumnOf returns the column for one that was asked for by its number on the
// wire. Numbers that name none mean the creation date.
func ColumnOf(number int32) Column {
	switch number {
	case 2:
		return ByChanged
	case 3:
		return ByExpires
	default:
		return ByCreated
	}
}

// Find returns the page of keys that s asks for, and how many match in all.
func (s Search) Find(keys []Key) (page []Key, total uint64) {
	for _, k := range keys {
		if !slices.ContainsFunc(s.Filters, func(matches Filter) bool { return !matches(k) }) {
			page = append(page, k)
		}
	}
	slices.SortFunc(page, s.compare)
	total = uint64(len(page))
	page = page[min(s.Offset, total):]
	return page[:min(uint64(s.Limit), uint64(len(page)))], total
}

func (s Search) compare(a, b Key) int {
	order := cmp.Or(s.SortBy.compare(a, b), cmp.Compare(a.ID, b.ID))
	if s.Desc {
		return -order
	}
	return order
}

func (c Column) compare(a, b Key) int {
	switch c {
	case ByChanged:
		return a.Changed.Compare(b.Changed)
	case ByExpires:
		return expiry(a).Compare(expiry(b))
	default:
		return a.Created.Compare(b.Created)
	}
}

// expiry returns when k expires, or a time that is later than any on the wire.
func expiry(k Key) time.Time {
	if k.Expires.IsZero() {
		return time.Unix(1<<40, 0)
	}
	return k.Expires
}
