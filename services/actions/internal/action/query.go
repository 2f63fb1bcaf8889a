package action

// Query asks for a page of an organization's actions.
type Query struct {
	Filters   []Filter // all must match
	Order     Column
	Ascending bool
	Offset    uint64
	Limit     uint32
}

// Filter is one condition: ByID, ByName or ByState.
type Filter interface{ filter() }

// ByID matches the action of that id.
type ByID ID

// ByState matches the actions in that state; the zero state none.
type ByState State

// ByName matches actions whose name compares with Text as Method says. No
// character of Text is a wildcard.
type ByName struct {
	Text       string
	Method     Method
	IgnoreCase bool
}

func (ByID) filter()    {}
func (ByState) filter() {}
func (ByName) filter()  {}

// Method is how a name is compared.
type Method uint8

// The methods.
const (
	Equals Method = iota
	StartsWith
	Contains
	EndsWith
)

// Column is what a list is ordered by.
type Column uint8

// The columns. OrderID is also the order of creation; OrderName looks at the
// folded name; OrderState puts inactive actions before active ones, as the
// wire numbers them. Equals among themselves are ordered by id.
const (
	OrderID Column = iota
	OrderName
	OrderState
)
