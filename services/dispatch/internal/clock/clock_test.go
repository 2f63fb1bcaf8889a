package clock

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// house is a database and replicas that look at its clock.
type house struct {
	now      time.Duration // that really went by
	database time.Duration // by how much the database's clock is ahead of that
	face     Face
	replicas []*replica
}

// replica has a clock of its own, off by any amount, that stands while it sleeps.
type replica struct {
	off    time.Duration
	moment Moment
}

func (h *house) own(r *replica) time.Time { return start.Add(h.now + r.off) }

// look is what a store does.
func (h *house) look(r *replica) (changes int) {
	for {
		f := h.face
		f.Time = start.Add(h.now + h.database)
		l := Look{h.own(r), h.own(r)}
		next, ahead, jumped := r.moment.Tell(f, l)
		if !jumped {
			r.moment = next
			if seen := next.Shared(h.own(r)); seen.After(h.face.Seen) {
				h.face.Seen = seen
			}
			return changes
		}
		changes++
		h.face.Ahead, h.face.Version = ahead, h.face.Version+1
	}
}

func (h *house) lookAll() (changes int) {
	for _, r := range h.replicas {
		changes += h.look(r)
	}
	return changes
}

func (h *house) shared(r *replica) time.Duration { return r.moment.Shared(h.own(r)).Sub(start) }

func newHouse(offs ...time.Duration) *house {
	h := &house{face: Face{Seen: start}}
	for _, off := range offs {
		h.replicas = append(h.replicas, &replica{off: off})
	}
	h.lookAll()
	return h
}

// want checks that all agree on what time it is.
func (h *house) want(t rapid.TB, want time.Duration) {
	t.Helper()
	for i, r := range h.replicas {
		if got := h.shared(r); (got - want).Abs() > Jump {
			t.Errorf("replica %d says %s, it is %s", i, got, want)
		}
	}
}

func TestMoment(t *testing.T) {
	t.Parallel()
	t.Run("ClocksThatAreOffAgree", func(t *testing.T) {
		t.Parallel()
		h := newHouse(0, time.Hour, -time.Hour)
		h.now += time.Minute
		h.lookAll()
		h.want(t, time.Minute)
	})
	t.Run("TimesAreThoseOfBothClocksWhereNothingIsWrong", func(t *testing.T) {
		t.Parallel()
		h := newHouse(0)
		h.now, h.database = h.now+time.Minute, 20*time.Millisecond
		h.lookAll()
		if due := start.Add(time.Hour); h.replicas[0].moment.Shared(due) != due || h.replicas[0].moment.Own(due) != due {
			t.Error("they differ")
		}
	})
	t.Run("ATimeComesBackAsItWas", func(t *testing.T) {
		t.Parallel()
		h := newHouse(17 * time.Minute)
		m, due := h.replicas[0].moment, start.Add(90*time.Minute)
		if back := m.Own(m.Shared(due)); !back.Equal(due) || !m.Shared(due).Equal(due.Add(-17*time.Minute)) {
			t.Error(m.Shared(due), back)
		}
	})
	t.Run("AClockThatIsSlowIsFollowed", func(t *testing.T) {
		t.Parallel()
		h := newHouse(0, 0)
		for range 100 {
			h.now, h.database = h.now+time.Second, h.database-100*time.Millisecond
			if n := h.lookAll(); n > 0 {
				t.Fatal("that is no jump")
			}
		}
		h.want(t, h.now+h.database)
	})
	t.Run("WhoStartsAfterAJumpBackThatNobodySawGoesOnFromWhatWasSeen", func(t *testing.T) {
		t.Parallel()
		h := newHouse(0)
		h.now += time.Minute
		h.lookAll()
		h.database, h.replicas[0].moment = -time.Hour, Moment{}
		h.lookAll()
		h.want(t, time.Minute)
	})
	t.Run("WhoSleptDoesNotHoldTheOthersBack", func(t *testing.T) {
		t.Parallel()
		h := newHouse(0, 0, 0)
		slept := time.Hour
		h.now += slept
		for _, r := range h.replicas[1:] {
			h.look(r)
		}
		h.replicas[0].off -= slept // its monotonic clock stood
		h.lookAll()
		h.now += time.Second
		if h.lookAll(); h.lookAll() > 0 {
			t.Error("they do not agree")
		}
		h.want(t, h.now)
	})
}

// Two jumps ahead between two looks of a replica are taken for somebody's change.
func TestJumpsOfTheDatabaseAreNotSeen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := newHouse(0, time.Hour, -3*time.Minute)
		for range rapid.IntRange(1, 20).Draw(t, "jumps") {
			h.now += time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "passes"))
			h.database += time.Duration(2*rapid.Int64Range(-1800, 1800).Draw(t, "by")) * time.Second
			h.replicas = rapid.Permutation(h.replicas).Draw(t, "order")
			restarts := rapid.IntRange(-1, len(h.replicas)-1).Draw(t, "restarts")
			for i, r := range h.replicas {
				if i > 0 && i == restarts { // after somebody has seen it
					r.moment = Moment{}
				}
				h.look(r)
			}
		}
		h.want(t, h.now)
	})
}
