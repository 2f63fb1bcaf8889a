package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/dispatch/internal/clock"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

const (
	selectClock = `SELECT clock_timestamp(), ahead_micros, version, seen_at FROM clock`

	// Whoever has seen another version looks again.
	setClock = `UPDATE clock SET ahead_micros = $1, version = version + 1 WHERE version = $2`

	noteClock = `UPDATE clock SET seen_at = greatest(seen_at, $1)`
)

const (
	lookEvery = time.Second
	noteEvery = 10 * time.Second
	// maxLooks is how often to look where replicas change the clock at once.
	maxLooks = 5
)

// watch is what we know of the clock that replicas share.
type watch struct {
	looking sync.Mutex // held by the one who looks

	mu     sync.Mutex
	moment clock.Moment
	looked time.Time
	noted  time.Time
}

func (w *watch) last() (m clock.Moment, fresh bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.moment, w.moment.Known() && time.Since(w.looked) < lookEvery
}

func (w *watch) set(m clock.Moment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moment, w.looked = m, time.Now()
}

// moment relates our own clock to that by which deliveries are due. Now and then
// it looks at the database's; whoever comes meanwhile goes by what is known.
func (s *Store) moment(ctx context.Context) (clock.Moment, error) {
	m, fresh := s.watch.last()
	if fresh {
		return m, nil
	}
	if m.Known() {
		if !s.watch.looking.TryLock() {
			return m, nil
		}
	} else {
		s.watch.looking.Lock()
	}
	defer s.watch.looking.Unlock()
	if m, fresh = s.watch.last(); fresh {
		return m, nil
	}
	m, err := s.look(ctx, m)
	if err != nil {
		return m, fmt.Errorf("look at the clock: %w", pg.Translate(err))
	}
	s.watch.set(m)
	return m, nil
}

// look reads the clock, and puts it right where it has jumped.
func (s *Store) look(ctx context.Context, m clock.Moment) (clock.Moment, error) {
	for range maxLooks {
		face, l, err := s.face(ctx)
		if err != nil {
			return m, err
		}
		next, ahead, jumped := m.Tell(face, l)
		if !jumped {
			return next, s.note(ctx, next)
		}
		if _, err := s.db.Exec(ctx, setClock, ahead.Microseconds(), face.Version); err != nil {
			return m, err
		}
	}
	return m, errors.New("it is changed all the time")
}

func (s *Store) face(ctx context.Context) (f clock.Face, l clock.Look, err error) {
	var micros int64
	l.From = time.Now()
	err = s.db.QueryRow(ctx, selectClock).Scan(&f.Time, &micros, &f.Version, &f.Seen)
	l.To = time.Now()
	f.Ahead = time.Duration(micros) * time.Microsecond
	return f, l, err
}

// note writes down what time it is, for those who start after us.
func (s *Store) note(ctx context.Context, m clock.Moment) error {
	if time.Since(s.watch.noted) < noteEvery {
		return nil
	}
	s.watch.noted = time.Now()
	_, err := s.db.Exec(ctx, noteClock, m.Shared(time.Now()))
	return err
}

// wake returns when to wake a delivery, by the clock that replicas share; zero:
// never.
func wake(m clock.Moment, d run.Delivery) time.Time {
	t := d.Wake()
	if t.IsZero() {
		return t
	}
	return m.Shared(t)
}

// scanBy reads deliveries, with times by our own clock.
func scanBy(m clock.Moment) pgx.RowToFunc[run.Delivery] {
	return func(row pgx.CollectableRow) (run.Delivery, error) { return scanDelivery(m, row) }
}
