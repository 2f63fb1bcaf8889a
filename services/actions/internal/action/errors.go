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

	// Ours: the original knows no versions and no secrets.
	ErrNoVersion     = fault.NotFound("the action has no such version, or none any more").WithID("ACTIONS-n0v3rs10n")
	ErrNotDraft      = fault.FailedPrecondition("the version is no draft: it was published").WithID("ACTIONS-n0tdr4ft")
	ErrNotSuperseded = fault.FailedPrecondition("the version did not run before, or runs").WithID("ACTIONS-n0th1st0ry")
	ErrNoSecret      = fault.NotFound("there is no such secret").WithID("ACTIONS-n0s3cret")
	ErrManySecrets   = fault.Exhausted("there are as many secrets as may be").WithID("ACTIONS-m4nys3crets")

	// ErrNotFound is an action that does not exist for the caller. Each call
	// gives it an id of its own.
	ErrNotFound = fault.NotFound("Action not found")
)
