package condition

import "strings"

// Parse reads an id that ID wrote. It accepts that one spelling only and
// returns a canonical condition, so Parse(id).ID() == id. Errors are those of
// Validate.
func Parse(id string) (Condition, error) {
	kind, value, named := strings.Cut(id, "/")
	c := ForAll(Kind(kind))
	if named {
		c = fromValue(Kind(kind), value)
	}
	if err := c.Validate(); err != nil {
		return Condition{}, err
	}
	return c, nil
}

// fromValue sorts what follows the kind into its field: one slash more makes a
// method of a service, ".*" at the end a group of an event.
func fromValue(kind Kind, value string) Condition {
	switch {
	case kind == Function:
		return ForFunction(value)
	case kind == Event && strings.HasSuffix(value, groupSuffix):
		return ForGroup(value)
	case kind == Event:
		return ForEvent(value)
	case strings.Contains(value, "/"):
		return Condition{Kind: kind, Method: "/" + value}
	default:
		return ForService(kind, value)
	}
}
