// Package chain turns executions, the configured lists of targets and
// includes, into chains, the ordered snapshots that are run. It decides on
// data that it is given and does no I/O.
//
// An execution and the condition it belongs to share one id, here always
// called the condition id, e.g. "event/user.human.*".
package chain

import "time"

// TargetID names a target: a decimal string.
type TargetID string

// Kind says what a step does with its target's answer.
type Kind string

// The kinds, as in the public API.
const (
	Webhook Kind = "webhook" // wait, check the status
	Call    Kind = "call"    // wait, use the body
	Async   Kind = "async"   // deliver durably, do not wait
)

// Target is what a chain remembers of a target: everything that is needed to
// call it, except secrets.
type Target struct {
	ID               TargetID
	Name             string
	Kind             Kind
	Endpoint         string
	Timeout          time.Duration
	InterruptOnError bool
	Version          uint64 // raised by every change of the target
}

// Step is one call of a chain.
type Step struct {
	Position int // from 1, without gaps
	Target   Target
}

// Chain is what one execution calls, in order, as it was when it was resolved.
type Chain struct {
	ConditionID string // of the execution that won, whatever it includes
	Steps       []Step
}

// Empty reports that there is nothing to call.
func (c Chain) Empty() bool { return len(c.Steps) == 0 }

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

// Resolve returns the chain of the best candidate that exists. The chain is
// empty where the winner has nothing to call; ok is false where there is no
// winner.
func Resolve(candidates []string, executions Executions, targets Targets) (c Chain, ok bool) {
	id, ok := Winner(candidates, func(id string) bool { _, ok := executions(id); return ok })
	if !ok {
		return Chain{}, false
	}
	root, _ := executions(id)
	return New(id, Flatten(root, executions), targets), true
}

// New takes the snapshots of ids, in order. Targets that are gone are left
// out, and the steps behind them move up.
func New(conditionID string, ids []TargetID, targets Targets) Chain {
	c := Chain{ConditionID: conditionID}
	for _, id := range ids {
		if target, ok := targets(id); ok {
			c.Steps = append(c.Steps, Step{Position: len(c.Steps) + 1, Target: target})
		}
	}
	return c
}

// Targets looks up a target; ok is false for one that is gone.
type Targets func(id TargetID) (target Target, ok bool)
