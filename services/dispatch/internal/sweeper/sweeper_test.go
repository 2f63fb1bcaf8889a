package sweeper_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/services/dispatch/internal/retention"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/sweeper"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const day = 24 * time.Hour

// rows stands in for the store. It tells what it is asked, and whether a run of
// an event that succeeded eight days ago is to go, as long as somebody listens.
type rows struct {
	ahead time.Duration // of its clock
	pages chan sweeper.Page
	gone  chan bool
}

func (r rows) Now(context.Context) (time.Time, error) { return time.Now().Add(r.ahead), nil }

func (r rows) DeleteRuns(_ context.Context, p sweeper.Page, expired func(run.Run) bool) (sweeper.Swept, error) {
	select {
	case r.pages <- p:
	default:
	}
	select {
	case r.gone <- expired(run.Run{TriggerKind: run.TriggerEvent, CreatedAt: time.Now().Add(-8 * day)}):
	default:
	}
	return sweeper.Swept{Runs: 1, Next: p.After + 1}, nil
}

func (r rows) DeleteAlone(context.Context, sweeper.Page, func(run.Delivery) bool) (sweeper.Swept, error) {
	return sweeper.Swept{}, nil
}

// stream has an oldest message of an age, 0 for none.
func stream(age, maxAge time.Duration, err error) sweeper.Stream {
	return func(context.Context) (oldest time.Time, _ time.Duration, _ error) {
		if age != 0 {
			oldest = time.Now().Add(-age)
		}
		return oldest, maxAge, err
	}
}

// begin runs a sweeper and returns what ends it.
func begin(store sweeper.Store, events, runs sweeper.Stream) (s *sweeper.Sweeper, end func() error) {
	s = sweeper.New(sweeper.Config{Policy: retention.DefaultPolicy(), Every: time.Millisecond, Page: 5},
		sweeper.Deps{Store: store, Events: events, Runs: runs, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return s, func() error { cancel(); return <-done }
}

func TestSweeper(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ahead        time.Duration
		events, runs sweeper.Stream
		gone         bool
	}{
		"DeletesWhatHasExpired":            {0, stream(0, 7*day, nil), stream(0, 0, nil), true},
		"WaitsForMessagesOfEvents":         {0, stream(2*day, 7*day, nil), stream(0, 0, nil), false},
		"WaitsForMessagesOfRuns":           {0, stream(0, 7*day, nil), stream(2*day, 0, nil), false},
		"KeepsAsLongAsTheStreamDoes":       {0, stream(0, 9*day, nil), stream(0, 0, nil), false},
		"DoesNotBelieveAClockThatIsAhead":  {9 * day, stream(0, 9*day, nil), stream(0, 0, nil), false},
		"BelievesAClockThatIsBehind":       {-2 * day, stream(0, 7*day, nil), stream(0, 0, nil), false},
		"DoesNotMindMessagesOfThisMoments": {0, stream(time.Second, 7*day, nil), stream(time.Second, 0, nil), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rows{ahead: c.ahead, pages: make(chan sweeper.Page, 2), gone: make(chan bool, 2)}
			_, end := begin(r, c.events, c.runs)
			first, gone, second := <-r.pages, <-r.gone, <-r.pages
			if err := end(); err != nil {
				t.Error(err)
			}
			if gone != c.gone {
				t.Errorf("deleted: %t", gone)
			}
			if first.After != 0 || second.After <= 0 || first.Limit != 5 {
				t.Errorf("pages %+v and %+v", first, second)
			}
		})
	}
}

// TestSweeper_DeletesNothingWithoutKnowing: the streams cannot be asked.
func TestSweeper_DeletesNothingWithoutKnowing(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	runs := func(context.Context) (time.Time, time.Duration, error) {
		asked <- struct{}{}
		return time.Time{}, 0, errors.New("away")
	}
	r := rows{pages: make(chan sweeper.Page, 1), gone: make(chan bool, 1)}
	s, end := begin(r, stream(0, 7*day, nil), runs)
	<-asked
	<-asked // so the first sweep is over
	ended := make(chan error, 1)
	go func() { ended <- end() }()
	for over := false; !over; {
		select {
		case <-asked:
		case err := <-ended:
			over = true
			if err != nil {
				t.Error(err)
			}
		}
	}
	if n, _, _ := s.Deleted(); n != 0 || len(r.pages) != 0 {
		t.Errorf("%d deleted, %d pages", n, len(r.pages))
	}
}
