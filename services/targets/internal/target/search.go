package target

import "github.com/actionplane/actionplane/libs/fault"

// The size of a page; from the API's defaults.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

const idLimit = "QUERY-4M0fs"

// Search asks for a page of targets.
type Search struct {
	Filters []Filter // all must match
	SortBy  Column   // targets alike in it are sorted by id
	Desc    bool     // turns the whole order round
	Offset  uint64
	Limit   uint32 // from Limit
}

// Filter is a NameFilter or an IDFilter.
type Filter interface{ filter() }

// NameFilter matches names.
type NameFilter struct {
	Text       string
	Match      Match
	IgnoreCase bool
}

// IDFilter matches the targets it lists; none when it is empty.
type IDFilter []ID

// Match says which part of a name a NameFilter looks at.
type Match uint8

// The ways to match.
const (
	Equals Match = iota
	StartsWith
	Contains
	EndsWith
)

// Column is what a search sorts by.
type Column uint8

// The columns.
const (
	ByCreated Column = iota
	ByChanged
	ByID
	ByName
	ByKind
	ByEndpoint
	ByTimeout
	ByInterruptOnError
)

// Limit returns the size of page to use when asked for limit targets: 0 means
// DefaultLimit, more than MaxLimit is Invalid.
func Limit(limit uint32) (uint32, error) {
	switch {
	case limit == 0:
		return DefaultLimit, nil
	case limit > MaxLimit:
		return 0, fault.Invalid("query.limit must be at most %d", MaxLimit).WithID(idLimit)
	}
	return limit, nil
}

func (NameFilter) filter() {}
func (IDFilter) filter()   {}
