package bus

import (
	"errors"
	"sync"
)

// whole is a message in parts.
type whole struct {
	taken *Taken

	mu     sync.Mutex
	parts  map[*Taken]struct{} // that are not settled
	failed error               // what of a part that is to come again
}

// errReleased says of a part that it was given back.
var errReleased = errors.New("released")

// Split returns a message that holds several things in as many parts, each with
// data of its own. Each is to be settled for itself, and makes room for another
// message then. The message is acknowledged once all are done or refused, and
// comes again as a whole where one failed for reasons that heal.
func (t *Taken) Split(data [][]byte) []*Taken {
	of := &whole{taken: t, parts: make(map[*Taken]struct{}, len(data))}
	parts := make([]*Taken, len(data))
	for i, d := range data {
		part := &Taken{Message: t.Message, of: t.of, whole: of, since: t.since, ctx: t.ctx, span: t.span}
		part.Data, part.Part = d, i
		parts[i], of.parts[part] = part, struct{}{}
	}
	t.whole = of
	return parts
}

// settle takes in what became of a part, or of all that are left where the
// message itself is settled.
func (w *whole) settle(t *Taken, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t == w.taken {
		for part := range w.parts {
			w.settleOne(part, err)
		}
	} else if _, open := w.parts[t]; open {
		w.settleOne(t, err)
	}
}

func (w *whole) settleOne(part *Taken, err error) {
	delete(w.parts, part)
	switch dispose(err) {
	case ack:
	case term:
		part.refused(err)
	case nak:
		if w.failed == nil || errors.Is(w.failed, errReleased) {
			w.failed = err
		}
	}
	switch {
	case len(w.parts) > 0:
		w.makeRoom()
	case errors.Is(w.failed, errReleased):
		w.taken.release()
	default:
		w.taken.settle(w.failed)
	}
}

// makeRoom gives up a slot that the message holds, beside the one that it keeps
// until it is settled.
func (w *whole) makeRoom() {
	if w.taken.room > 1 {
		w.taken.room--
		<-w.taken.of.slots
	}
}
