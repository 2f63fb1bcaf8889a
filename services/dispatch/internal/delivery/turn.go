package delivery

// Queue is what is known of the deliveries of one target and ordering key that
// have not ended.
type Queue struct {
	// First is the state of the earliest of them, in the order of their events.
	First State
	// Active: one of them has its turn. It need not be the first, for an
	// earlier one may have been replayed meanwhile.
	Active bool
	// Complete: whatever comes before the first is known. Events are handled
	// side by side, so that a later one may be there before an earlier one.
	Complete bool
}

// Turn reports that the first delivery of the queue may go. At most one goes
// at a time, and none before all that come before it have ended: not while an
// earlier one is held behind a step of its own run, nor while an earlier one
// may still be on its way to us.
func Turn(q Queue) bool { return q.First == Queued && !q.Active && q.Complete }
