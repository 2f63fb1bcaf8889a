package chain

import (
	"slices"

	"github.com/actionplane/actionplane/libs/fault"
)

// Error ids of the wire.
const (
	idTargetNotFound  = "COMMAND-17e8fq1ggk"
	idIncludeNotFound = "COMMAND-slgj0l4cdz"
	idIncludesItself  = "COMMAND-mo1cmjp5k7"
	idIncludeCircle   = "COMMAND-iuch02i656"
	idIncludeTooDeep  = "COMMAND-gbhd3g57oo"
)

// Limits are what an operator allows, at most MaxEntries and MaxIncludeHops.
type Limits struct {
	Entries int // targets and includes together, as listed and with includes unfolded
	Hops    int // of includes
}

// CheckEntries reports an entry of a list, named by the field it came in, that
// is no entry (CodeInvalid), else the first target, else the first include,
// that does not exist (CodeNotFound). An include exists once it was set, even
// if it has been emptied since.
//
// The same target may be listed twice and is then called twice. The original
// answers "target not found" to that, for it compares counts.
func CheckEntries(field string, entries []Entry, targetExists func(TargetID) bool, executionExists func(conditionID string) bool) error {
	for i, e := range entries {
		if (e.Target == "") == (e.Include == "") {
			return fault.Invalid("%s[%d] must name either a target or an include", field, i)
		}
	}
	for i, e := range entries {
		if e.Target != "" && !targetExists(e.Target) {
			return fault.NotFound("target %q of %s[%d] was not found", e.Target, field, i).WithID(idTargetNotFound)
		}
	}
	for i, e := range entries {
		if e.Include != "" && !executionExists(e.Include) {
			return fault.NotFound("included execution %q of %s[%d] was not found", e.Include, field, i).WithID(idIncludeNotFound)
		}
	}
	return nil
}

// CheckLength reports, as CodeInvalid, a list that is too long by itself. The
// wire has no error id for this limit, which the original does not have.
func CheckLength(field string, entries []Entry, limits Limits) error {
	if len(entries) > limits.Entries {
		return fault.Invalid("%s: at most %d entries are allowed, not %d", field, limits.Entries, len(entries))
	}
	return nil
}

// CheckIncludes reports, as CodeFailedPrecondition, why root may not be stored
// as it is: it includes itself, directly or through others; a line of includes
// through it would be longer than limits.Hops; or an execution would unfold to
// more than limits.Entries.
//
// includers returns the ids of the executions that include one directly. The
// original looks only at what root includes, so that an innermost execution,
// written last, makes lines of any length; here those that include root count
// too. executions and includers tell what is stored; what they say of root
// itself is ignored, for root replaces it.
func CheckIncludes(root Execution, limits Limits, executions Executions, includers func(conditionID string) []string) error {
	replaced := func(id string) (Execution, bool) {
		if id == root.ConditionID {
			return root, true
		}
		return executions(id)
	}
	below := levels(root.ConditionID, func(id string) []string { return includes(replaced, id) })
	if err := checkCircle(root.ConditionID, below); err != nil {
		return err
	}
	above := levels(root.ConditionID, func(id string) []string { return without(includers(id), root.ConditionID) })
	if len(below) > 0 && len(above)+len(below) > limits.Hops {
		return fault.FailedPrecondition("execution %q takes part in includes more than %d levels deep",
			root.ConditionID, limits.Hops).WithID(idIncludeTooDeep)
	}
	return checkSize(root.ConditionID, above, limits.Entries, replaced)
}

// levels returns what is one hop, two hops and so on away from an execution,
// until nothing is, and at most one level more than is allowed. An execution
// that can be reached in several ways stands in several levels, so their number
// is the length of the longest way.
func levels(id string, next func(conditionID string) []string) [][]string {
	var all [][]string
	for at := []string{id}; len(all) <= MaxIncludeHops; {
		var level []string
		for _, id := range at {
			level = append(level, next(id)...)
		}
		if len(level) == 0 {
			break
		}
		slices.Sort(level)
		at = slices.Compact(level)
		all = append(all, at)
	}
	return all
}

// includes returns the ids that an execution includes directly.
func includes(executions Executions, id string) []string {
	execution, _ := executions(id)
	var ids []string
	for _, e := range execution.Entries {
		if e.Include != "" {
			ids = append(ids, e.Include)
		}
	}
	return ids
}

func without(ids []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(other string) bool { return other == id })
}

func checkCircle(id string, below [][]string) error {
	for hop, level := range below {
		switch {
		case !slices.Contains(level, id):
		case hop == 0:
			return fault.FailedPrecondition("execution %q must not include itself", id).WithID(idIncludesItself)
		default:
			return fault.FailedPrecondition("execution %q must not include itself through %q",
				id, below[0]).WithID(idIncludeCircle)
		}
	}
	return nil
}

// checkSize unfolds the execution and all that include it.
func checkSize(id string, above [][]string, most int, executions Executions) error {
	known := make(map[sized]int)
	for _, id := range append(slices.Concat(above...), id) {
		execution, _ := executions(id)
		if size(execution.Entries, executions, MaxIncludeHops, known) > most {
			return fault.FailedPrecondition("execution %q would come to more than %d targets and includes", id, most)
		}
	}
	return nil
}

// sized is an execution at a depth, of which the size is known.
type sized struct {
	conditionID string
	hops        int
}

// size counts the entries that Flatten would look at, up to the first one too
// many. known makes its cost that of the lists and not of what they unfold to.
func size(entries []Entry, executions Executions, hops int, known map[sized]int) int {
	n := 0
	for _, e := range entries {
		if n++; n > MaxEntries {
			return n
		}
		if e.Include == "" || hops == 0 {
			continue
		}
		at := sized{e.Include, hops - 1}
		if _, ok := known[at]; !ok {
			included, _ := executions(e.Include)
			known[at] = size(included.Entries, executions, hops-1, known)
		}
		n += known[at]
	}
	return n
}
