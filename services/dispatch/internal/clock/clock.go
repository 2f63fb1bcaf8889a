// Package clock is the time by which replicas agree when a delivery is due. No
// wall clock does for that: those of two machines differ, and each may be set,
// by an operator or by NTP. A delivery that is due by a clock which is then set
// back an hour waits for an hour; one that is leased by the clock of one replica
// looks abandoned by that of another.
//
// The time is the database's, which all replicas see alike, and a number that
// they keep beside it of how far they go ahead of it. Where the database's clock
// jumps, whoever sees it first, by his monotonic clock, which nobody sets,
// changes the number by as much, so that the time goes on as it went. The wall
// clocks of services do not matter at all.
//
// Inside of a service times remain those of its own clock; a Moment turns one
// into the other. It does no I/O.
package clock

import "time"

const (
	// Jump is how far the time has to be off all at once for the database's
	// clock to have jumped. What is less is followed.
	Jump = time.Second
	// stable is within how much two clocks go alike: a Moment that would be as
	// good is kept, and where nothing is wrong times are those of both clocks.
	stable = 50 * time.Millisecond
)

// Face is what the database shows.
type Face struct {
	Time time.Time // its clock
	// Ahead is how far the replicas go ahead of it, and Version how often they
	// have changed that.
	Ahead   time.Duration
	Version int64
	// Seen is a time that was reached already.
	Seen time.Time
}

// Shared is the time.
func (f Face) Shared() time.Time { return f.Time.Add(f.Ahead) }

// Look is when a replica looked at the face, by its own clock.
type Look struct{ From, To time.Time }

func (l Look) middle() time.Time { return l.From.Add(l.took() / 2) }

func (l Look) took() time.Duration { return l.To.Sub(l.From) }

// Moment is one moment by a replica's own clock and in the time that it shares
// with the others. The zero value is none.
type Moment struct {
	own, shared time.Time
	version     int64
}

// Known reports that there is one.
func (m Moment) Known() bool { return !m.own.IsZero() }

// Shared returns a time of our own clock as the others know it.
func (m Moment) Shared(own time.Time) time.Time { return m.shared.Add(own.Sub(m.own)) }

// Own returns a time that the others know by our own clock.
func (m Moment) Own(shared time.Time) time.Time {
	return m.own.Add(shared.Sub(m.shared)).Round(0).UTC()
}

// Tell returns the moment of a look, which is the one before where that is as
// good. Where the database's clock has jumped, jumped is true: the face is to be
// made to go ahead by so much, and looked at again.
//
// A jump back is always made good: it would keep what is due from being sent. One
// ahead is only where nobody has changed the face since the last look: it may be
// our own monotonic clock that stood still, as that of a machine does which
// sleeps, and then the others have put right what we took for a jump.
func (m Moment) Tell(f Face, l Look) (next Moment, ahead time.Duration, jumped bool) {
	if !m.Known() {
		if behind := f.Seen.Sub(f.Shared()); behind > Jump { // it jumped while nobody looked
			return m, f.Ahead + behind, true
		}
		m = Moment{own: l.middle(), shared: l.middle().Round(0)}
		return m.follow(f, l), 0, false
	}
	off, room := m.off(f, l), Jump+l.took()/2
	if off < -room || off > room && f.Version == m.version {
		return m, f.Ahead - off, true
	}
	return m.follow(f, l), 0, false
}

// off is by how much the face shows more than we would say it is.
func (m Moment) off(f Face, l Look) time.Duration { return f.Shared().Sub(m.Shared(l.middle())) }

// follow takes over what the face shows. It also takes another moment of the
// same two clocks where our own wall clock was set.
func (m Moment) follow(f Face, l Look) Moment {
	m.version = f.Version
	shared := m.Shared(l.middle())
	set := l.middle().Round(0).Sub(m.own.Round(0)) - l.middle().Sub(m.own)
	switch {
	case m.off(f, l).Abs() > stable+l.took()/2:
		m.own, m.shared = l.middle(), f.Shared()
	case set.Abs() > stable:
		m.own, m.shared = l.middle(), shared
	}
	return m
}
