package invocation

// Warning is what looks wrong with a script before it ever ran.
type Warning struct {
	Message string
	// Line and Column are where, from 1; zero where that is not known.
	Line, Column int
}
