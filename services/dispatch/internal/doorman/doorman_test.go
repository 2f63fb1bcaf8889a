package doorman_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/doorman"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// attended returns a doorman on duty.
func attended(t *testing.T, ask doorman.Ask) *doorman.Doorman {
	t.Helper()
	d := doorman.New(ask)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	var known atomic.Bool
	var broken atomic.Pointer[error]
	d := attended(t, func(_ context.Context, asked []*doorman.Question) error {
		if err := broken.Load(); err != nil {
			return *err
		}
		for _, q := range asked {
			q.Known = known.Load() && q.Event.ID == "a"
		}
		return nil
	})
	a := run.Event{Tenant: "t", ID: "a"}

	leave, err := d.Admit(t.Context(), a)
	if err != nil || leave == nil {
		t.Fatalf("a new event was not let in: %v", err)
	}
	if _, err := d.Admit(t.Context(), a); fault.CodeOf(err) != fault.CodeUnavailable {
		t.Errorf("an event that is in hand: %v", err)
	}
	for _, other := range []run.Event{{Tenant: "t", ID: "b"}, {Tenant: "u", ID: "a"}} {
		leaveOther, err := d.Admit(t.Context(), other)
		if err != nil || leaveOther == nil {
			t.Fatalf("another event %v: %v", other, err)
		}
		leaveOther()
	}
	leave()

	away := errors.New("away")
	broken.Store(&away)
	if _, err := d.Admit(t.Context(), a); !errors.Is(err, away) {
		t.Errorf("without an answer: %v", err)
	}
	broken.Store(nil)
	known.Store(true)
	if leave, err := d.Admit(t.Context(), a); err != nil || leave != nil || d.TurnedAway() != 1 {
		t.Errorf("an event that has its run: let in %t, %v, %d turned away", leave != nil, err, d.TurnedAway())
	}
}
