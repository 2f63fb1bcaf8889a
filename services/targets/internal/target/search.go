package target

import "github.com/actionplane/actionplane/libs/fault"

// DefaultLimit is the size of a page that nobody gave a size; from the API's
// defaults.
const DefaultLimit = 100

const (
	idLimit    = "QUERY-4M0fs"
	idNoFilter = "GRPC-vR9nC"
)

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

// Limit returns the size of page to use when asked, in a field of that name,
// for limit of something: 0 means DefaultLimit, more than most is Invalid.
func Limit(field string, limit, most uint32) (uint32, error) {
	switch {
	case limit == 0:
		return min(DefaultLimit, most), nil
	case limit > most:
		return 0, fault.Invalid("%s must be at most %d", field, most).WithID(idLimit)
	}
	return limit, nil
}

// ColumnOf returns the column for one that was asked for by its number, which
// is the same on every wire. Numbers that name none mean the creation date, as
// no column at all does.
func ColumnOf(number int32) Column {
	columns := []Column{ByID, ByID, ByCreated, ByChanged, ByName, ByKind, ByEndpoint, ByTimeout, ByInterruptOnError}
	if number < 0 || int(number) >= len(columns) {
		return ByCreated
	}
	return columns[number]
}

// NameFilterOf returns the filter for one of the eight text methods, whose
// numbers are the same on every wire. They come in pairs, in the order of
// Match; the odd number of a pair ignores case.
func NameFilterOf(text string, method int32) NameFilter {
	return NameFilter{Text: text, Match: Match(method / 2), IgnoreCase: method%2 == 1}
}

// NoFilter is the fault of a filter without a member.
func NoFilter() error {
	return fault.Invalid("Every filter needs targetNameFilter or inTargetIdsFilter").WithID(idNoFilter)
}

func (NameFilter) filter() {}
func (IDFilter) filter()   {}
