package invocation

// Warning is what looks wrong with a script before it ever ran.
type Warning struct {
	Message string
	// Severe says that the script will fail, not just may.
	Severe bool
	// Line and Column are where, from 1; zero where that is not known.
	Line, Column int
}
