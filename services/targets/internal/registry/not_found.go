package registry

import (
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// The ids of "not found", by what was tried.
const (
	idGetNotFound    = "QUERY-t4rg3tg0ne" // ours: the original's is not known
	idPatchNotFound  = "COMMAND-xj14f2cccn"
	idDeleteNotFound = "COMMAND-k4s7ucu0ax"
)

// known returns raw as a target's id. What cannot be one is not found: nothing
// is called so.
func known(raw, errorID string) (target.ID, error) {
	id, ok := target.ParseID(raw)
	if !ok {
		return "", notFound(errorID)
	}
	return id, nil
}

// orNotFound puts the wire's id on a target that the store did not find.
func orNotFound(err error, errorID string) error {
	if fault.CodeOf(err) == fault.CodeNotFound {
		return notFound(errorID).Because(err)
	}
	return err
}

func notFound(errorID string) *fault.Error {
	return fault.NotFound("Target not found").WithID(errorID)
}
