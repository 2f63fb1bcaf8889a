// Package sweeper deletes what has been kept for long enough: page by page in
// the order of ids, which is that of time, with a rest after each page, and only
// one replica at a time. Package retention says what goes.
//
// A sweep goes on where the one before it ended. What it passed by because it
// was not over yet, or is kept for longer, is looked at again once a day.
package sweeper

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/services/dispatch/internal/retention"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Config bounds a Sweeper.
type Config struct {
	Policy retention.Policy
	Every  time.Duration // between two sweeps
	Page   int           // most runs that a transaction deletes
}

// Page is a part of what is old, in the order of ids.
type Page struct {
	After, Before int64 // ids, both excluded
	Limit         int
}

// Swept is what came of a page.
type Swept struct {
	Runs, Deliveries, Attempts int64 // that were deleted
	Next                       int64 // last id of the page; 0 where no other follows
	Busy                       bool  // another replica is at it
}

// Store deletes.
type Store interface {
	Now(context.Context) (time.Time, error)
	DeleteRuns(context.Context, Page, func(run.Run) bool) (Swept, error)
	DeleteAlone(context.Context, Page, func(run.Delivery) bool) (Swept, error)
}

// Stream tells of a stream when its oldest message was stored, zero where there
// is none, and for how long it keeps them, 0 for ever.
type Stream func(context.Context) (oldest time.Time, maxAge time.Duration, err error)

// Deps are what a sweeper works with.
type Deps struct {
	Store Store
	// Events is where events wait that may still make a run, Runs where their
	// runs do. A message moves from one to the other.
	Events, Runs Stream
	Log          *slog.Logger
}

// Sweeper deletes. Its counters are safe for concurrent use.
type Sweeper struct {
	cfg  Config
	deps Deps

	begun       time.Time // when it last began with the oldest
	runs, alone int64     // last ids that were looked at

	deleted struct{ runs, deliveries, attempts atomic.Int64 }
}

const (
	again   = 24 * time.Hour   // after which to begin with the oldest again
	timeout = 10 * time.Second // of a transaction
	// patience is how far what waits in streams may be behind before somebody
	// is told that nothing is deleted because of it.
	patience = 24 * time.Hour
)

// New returns a sweeper.
func New(cfg Config, deps Deps) *Sweeper { return &Sweeper{cfg: cfg, deps: deps} }

// Deleted is how many rows were deleted.
func (s *Sweeper) Deleted() (runs, deliveries, attempts int64) {
	return s.deleted.runs.Load(), s.deleted.deliveries.Load(), s.deleted.attempts.Load()
}

// Run sweeps until ctx is done.
func (s *Sweeper) Run(ctx context.Context) error {
	for {
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			s.deps.Log.WarnContext(ctx, "dispatch.sweep", "error", err)
		}
		if !rest(ctx, s.cfg.Every) {
			return nil
		}
	}
}

func (s *Sweeper) sweep(ctx context.Context) error {
	rules, err := s.rules(ctx)
	if err != nil {
		return err
	}
	if time.Since(s.begun) > again {
		s.begun, s.runs, s.alone = time.Now(), 0, 0
	}
	end := ident.Of(rules.Now.Add(-rules.Shortest()), 0)
	busy, err := s.pages(ctx, &s.runs, end, func(ctx context.Context, p Page) (Swept, error) {
		return s.deps.Store.DeleteRuns(ctx, p, rules.Expired)
	})
	if err != nil || busy {
		return err
	}
	_, err = s.pages(ctx, &s.alone, end, func(ctx context.Context, p Page) (Swept, error) {
		return s.deps.Store.DeleteAlone(ctx, p, rules.ExpiredAlone)
	})
	return err
}

// rules are the policy now. Of two clocks the earlier one counts: one that jumps
// ahead deletes nothing. Events are asked for before runs, so that a message is
// seen in one of them.
func (s *Sweeper) rules(ctx context.Context) (retention.Rules, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r := retention.Rules{Policy: s.cfg.Policy}
	theirs, err := s.deps.Store.Now(ctx)
	if err != nil {
		return r, err
	}
	r.Now = earliest(time.Now(), theirs)
	r.Oldest = r.Now
	for _, stream := range []Stream{s.deps.Events, s.deps.Runs} {
		oldest, maxAge, err := stream(ctx)
		if err != nil {
			return r, err
		}
		if !oldest.IsZero() {
			r.Oldest = earliest(r.Oldest, oldest)
		}
		r.Return = max(r.Return, maxAge)
	}
	if behind := r.Now.Sub(r.Oldest); behind > patience {
		s.deps.Log.WarnContext(ctx, "dispatch.sweep_waits", "for", "a message that is not handled", "behind", behind)
	}
	return r, nil
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// pages works off what lies between what was looked at and end. It rests after
// each page for as long as that took, so that half of the time is others'.
func (s *Sweeper) pages(ctx context.Context, looked *int64, end int64, work func(context.Context, Page) (Swept, error)) (busy bool, err error) {
	for {
		start := time.Now()
		swept, err := once(ctx, func(ctx context.Context) (Swept, error) {
			return work(ctx, Page{After: *looked, Before: end, Limit: s.cfg.Page})
		})
		if err != nil || swept.Busy {
			return swept.Busy, err
		}
		s.deleted.runs.Add(swept.Runs)
		s.deleted.deliveries.Add(swept.Deliveries)
		s.deleted.attempts.Add(swept.Attempts)
		if swept.Next == 0 {
			return false, nil
		}
		*looked = swept.Next
		if !rest(ctx, time.Since(start)) {
			return false, nil
		}
	}
}

// once bounds a transaction.
func once(ctx context.Context, work func(context.Context) (Swept, error)) (Swept, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return work(ctx)
}

// rest is false when ctx ended meanwhile.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
