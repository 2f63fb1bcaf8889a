package chain

import "slices"

// MaxIncludeHops is how deep includes go: A includes B includes C, no further.
const MaxIncludeHops = 2

// MaxEntries is how many entries, targets and includes together, one execution
// may come to with its includes unfolded. Without a limit three lists of a
// thousand entries make a chain of a billion steps.
const MaxEntries = 1000

// Entry is one line of an execution: a target, or another execution whose
// lines stand in its place. Exactly one field is set.
type Entry struct {
	Target  TargetID
	Include string // condition id
}

// Execution is what an operator configured for one condition. One without
// entries is a noop, not an absent one.
type Execution struct {
	ConditionID string
	Entries     []Entry
}

// Executions looks up an execution; ok is false for one that was never set.
type Executions func(conditionID string) (execution Execution, ok bool)

// SameEntries reports that setting b over a changes nothing: the same lines in
// the same order.
func SameEntries(a, b []Entry) bool { return slices.Equal(a, b) }

// SameTargets reports that a list of plain targets is what an execution calls
// as it is, its includes unfolded. An empty list is that of a noop alone:
// includes that come to nothing today may come to something tomorrow.
func SameTargets(stored Execution, executions Executions, entries []Entry) bool {
	if len(entries) == 0 {
		return len(stored.Entries) == 0
	}
	return slices.EqualFunc(Flatten(stored, executions), entries, func(id TargetID, e Entry) bool { return e == Entry{Target: id} })
}

// Flatten returns the targets of root in the order in which they are called.
// An include stands for the lines of the execution it names; one that is
// missing or empty stands for nothing. A target that is reached twice is
// called twice: the original documents that as expected.
//
// CheckIncludes keeps configurations within MaxIncludeHops and MaxEntries.
// Should one exceed them all the same, Flatten leaves out what is beyond and
// returns, rather than follow a cycle.
func Flatten(root Execution, executions Executions) []TargetID {
	f := flattening{executions: executions, left: MaxEntries}
	f.add(root.Entries, MaxIncludeHops)
	return f.targets
}

// flattening is one call of Flatten under way.
type flattening struct {
	executions Executions
	targets    []TargetID
	left       int // entries that may still be looked at
}

func (f *flattening) add(entries []Entry, hops int) {
	for _, e := range entries {
		if f.left == 0 {
			return
		}
		f.left--
		switch {
		case e.Include == "":
			f.targets = append(f.targets, e.Target)
		case hops > 0:
			if included, ok := f.executions(e.Include); ok {
				f.add(included.Entries, hops-1)
			}
		}
	}
}
