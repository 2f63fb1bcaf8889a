package show

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/actionplane/actionplane/libs/sdk"
)

// userAdded is the body of a realistic event.
const userAdded = `{"userName":"minnie-mouse","firstName":"Minnie","lastName":"Mouse","displayName":"Minnie Mouse","preferredLanguage":"en","email":"minnie@mouse.example"}`

// run is the part of a run that is shown.
type run struct {
	ID         string
	Condition  string
	Deliveries []struct {
		ID, State, TargetName string
		Attempts              []struct {
			Number     int
			StartedAt  time.Time
			Duration   string
			Outcome    string
			StatusCode int
		}
	}
}

// States of deliveries.
const (
	succeeded = "DELIVERY_STATE_SUCCEEDED"
	failed    = "DELIVERY_STATE_FAILED"
)

// all reports whether there are deliveries, and all are in the state.
func (r run) all(state string) bool {
	for _, d := range r.Deliveries {
		if d.State != state {
			return false
		}
	}
	return len(r.Deliveries) > 0
}

// event is an internal service's other part: afterwards it tells.
func (s *Show) event(ctx context.Context) error {
	s.print.title("3. The user service tells of a new user (SDK); the receiver is out of order at first")
	start := time.Now()
	id, err := s.cfg.SDK.Publish(ctx, sdk.Event{
		Type: "user.human.added", Payload: []byte(userAdded),
		Organization: "163840776835431312", User: "163840776801876761",
		AggregateType: "user", AggregateID: "163840776835432345", Sequence: 1, Version: "v1",
	})
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	s.print.line("published  user.human.added %s, stored after %s", id, time.Since(start).Round(time.Microsecond))
	r, err := s.ended(ctx, id, succeeded)
	if err != nil {
		return err
	}
	s.print.line("matched    %s   run %s", r.Condition, r.ID)
	for _, d := range r.Deliveries {
		s.print.line("delivery   %-26s %s", d.TargetName, d.State)
		for _, a := range d.Attempts {
			s.print.line("attempt %d  %-10s status %d in %s, %s after the event", a.Number, a.Outcome, a.StatusCode, brief(a.Duration), a.StartedAt.Sub(start).Round(time.Millisecond))
		}
	}
	calls := s.receiver.calls(welcomePath)
	for _, c := range calls {
		if err := verify(c, s.welcome.SigningKey); err != nil {
			return fmt.Errorf("%s: %w", s.welcome.name, err)
		}
	}
	last := calls[len(calls)-1]
	s.print.line("payload    %s", last.body)
	s.print.line("signature  %-26s %.40s… verifies; webhook-id %s on every attempt", s.welcome.name, last.header.Get("ZITADEL-Signature"), last.header.Get("webhook-id"))
	return nil
}

// ended waits until all deliveries of the event have come to this end.
func (s *Show) ended(ctx context.Context, eventID, state string) (run, error) {
	for {
		var list struct{ Runs []run }
		if err := s.api.do(ctx, http.MethodGet, "/actionplane/v1/runs?eventId="+eventID, nil, &list); err != nil {
			return run{}, err
		}
		if len(list.Runs) > 0 && list.Runs[0].all(state) {
			return list.Runs[0], nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return run{}, fmt.Errorf("deliveries of event %s are not %s in time: %w", eventID, state, err)
		}
	}
}

// brief rounds a duration of the wire, "0.000511568s", to what a reader wants.
func brief(wire string) string {
	d, err := time.ParseDuration(wire)
	if err != nil {
		return wire
	}
	return d.Round(time.Microsecond).String()
}
