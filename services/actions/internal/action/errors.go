package action

import "github.com/actionplane/actionplane/libs/fault"

// What can be wrong with an action, with the wire's ids and English texts
// (sheet, 4.4). The sheet knows no text for a taken name.
var (
	ErrInvalidNew    = fault.Invalid("Action is invalid").WithID("COMMAND-eg2gf")
	ErrInvalidChange = fault.Invalid("Action is invalid").WithID("COMMAND-Df2f3")
	ErrNameTaken     = fault.AlreadyExists("Action already exists").WithID("V3-DKcYh")
	ErrUnchanged     = fault.FailedPrecondition("No changes").WithID("ACTION-dg4t2")
	ErrNotActive     = fault.FailedPrecondition("Action is not active").WithID("COMMAND-Dgj92")
	ErrNotInactive   = fault.FailedPrecondition("Action is not inactive").WithID("COMMAND-J53zh")

	// ErrNotFound is an action that does not exist for the caller. Each call
	// gives it an id of its own.
	ErrNotFound = fault.NotFound("Action not found")
)
