// Package chain turns executions, the configured lists of targets and
// includes, into what is called in order. It decides on data that it is given
// and does no I/O.
//
// An execution and the condition it belongs to share one id, here always
// called the condition id, e.g. "event/user.human.*".
package chain

// TargetID names a target: a decimal string.
type TargetID string

// Winner returns the first candidate for which exists is true. Executions do
// not add up: the winner stands alone, and one with an empty list wins just
// the same, which is how an operator switches off a broader one.
func Winner(candidates []string, exists func(conditionID string) bool) (conditionID string, ok bool) {
	for _, id := range candidates {
		if exists(id) {
			return id, true
		}
	}
	return "", false
}

// Resolve returns the best candidate that exists and what it calls, in order:
// nothing where it is a noop. ok is false where there is no winner.
func Resolve(candidates []string, executions Executions) (conditionID string, targets []TargetID, ok bool) {
	conditionID, ok = Winner(candidates, func(id string) bool { _, ok := executions(id); return ok })
	if !ok {
		return "", nil, false
	}
	root, _ := executions(conditionID)
	return conditionID, Flatten(root, executions), true
}
