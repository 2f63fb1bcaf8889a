package delivery

// Step is a delivery seen as a step of its run. Slices of steps are in the
// order of their positions and hold the whole run.
type Step struct {
	State      State
	Reason     Reason
	Interrupts bool // its target interrupts on error
}

// Moves are the steps of a run, by index, that must change now.
type Moves struct {
	Release []int // nobody holds them back any more
	Cancel  []int // reason StepBlocked: what they waited for did not succeed
}

// Empty reports that nothing must change.
func (m Moves) Empty() bool { return len(m.Release) == 0 && len(m.Cancel) == 0 }

// Initial returns the state in which each step of a new run starts: those up
// to and including the first that interrupts are scheduled, the others held.
func Initial(interrupts []bool) []State {
	states := make([]State, len(interrupts))
	state := Scheduled
	for i, interrupting := range interrupts {
		states[i] = state
		if interrupting {
			state = Held
		}
	}
	return states
}

// Progress says which held steps may go and which never will. Call it in the
// transaction in which a step ends, and apply what it returns.
//
// A step whose target interrupts holds back all behind it until it has
// succeeded; once it has ended otherwise, they are canceled. One that does not
// interrupt holds nobody. Only held steps are moved: an operator who replays a
// single canceled step means it.
func Progress(steps []Step) Moves {
	var moves Moves
	open, blocked := true, false
	for i, step := range steps {
		switch {
		case step.State != Held:
		case blocked:
			moves.Cancel = append(moves.Cancel, i)
		case open:
			moves.Release = append(moves.Release, i)
		}
		if step.Interrupts && step.State != Succeeded {
			open = false
			blocked = blocked || step.State.Ended()
		}
	}
	return moves
}

// Revive returns the steps, by index, that must be held again because the step
// at index replayed, which they had waited for, gets another chance. Progress
// then decides about them as before.
func Revive(steps []Step, replayed int) []int {
	if !steps[replayed].Interrupts {
		return nil
	}
	var held []int
	for i := replayed + 1; i < len(steps); i++ {
		if steps[i].State == Canceled && steps[i].Reason == StepBlocked {
			held = append(held, i)
		}
	}
	return held
}
