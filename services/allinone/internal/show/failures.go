package show

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/actionplane/actionplane/libs/sdk"
)

const (
	// listUsers is the method whose requests go on though targets fail.
	listUsers = "/zitadel.user.v2.UserService/ListUsers"
	// metadata is where clouds keep the keys of the machine: no target's place.
	metadata = "http://169.254.169.254/latest/meta-data/"

	usersRequest = `{"query":{"offset":"0","limit":20,"asc":true}}`
)

const (
	// requestPause is the time between two requests.
	requestPause = 100 * time.Millisecond
	// mostRequests is how many it may take until a target is left alone; by
	// default those are ten.
	mostRequests = 100
)

// failures are what targets do that may fail: the request goes on without them,
// and who is out of order for long is left alone.
func (s *Show) failures(ctx context.Context) error {
	s.print.title("4. The user service asks, too; one target points at a cloud's keys, one is out of order, and both may fail")
	if err := s.setUpFailures(ctx); err != nil {
		return err
	}
	for n := 1; n <= mostRequests; n++ {
		start := time.Now()
		result, err := s.listUsers(ctx)
		if err != nil {
			return err
		}
		took := time.Since(start).Round(time.Microsecond)
		score, usage := result.Steps[0], result.Steps[1]
		alone := strings.Contains(usage.Error, "circuit_open")
		if n == 1 || alone {
			s.print.line("request %-2d %s after %s", n, result.Payload, took)
		}
		if n == 1 {
			s.print.line("step 1     %-26s %s, let through: %s", score.TargetName, score.Outcome, score.Error)
		}
		if n == 1 || alone {
			s.print.line("step 2     %-26s %s, let through: %s", usage.TargetName, usage.Outcome, usage.Error)
		}
		if alone {
			if err := s.circuit(ctx); err != nil {
				return err
			}
			return s.givenUp(ctx)
		}
		if err := pause(ctx, requestPause); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s was not left alone", s.usage.name)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (s *Show) setUpFailures(ctx context.Context) (err error) {
	mayFail := object{"restCall": object{"interruptOnError": false}}
	for _, t := range []struct {
		into           *target
		name, endpoint string
	}{
		{&s.score, "show: risk score", metadata},
		{&s.usage, "show: usage", s.receiver.url + usagePath},
	} {
		if *t.into, err = s.api.createTarget(ctx, t.name, t.endpoint, mayFail); err != nil {
			return err
		}
		s.print.line("target     %-26s %s -> %s", t.name, t.into.Details.ID, t.endpoint)
	}
	if err := s.api.setExecution(ctx, object{"request": object{"method": listUsers}}, s.score, s.usage, s.script); err != nil {
		return err
	}
	s.print.line("execution  request %s -> risk score, usage, action", listUsers)
	if err := s.api.setExecution(ctx, object{"event": object{"event": "user.locked"}}, s.score); err != nil {
		return err
	}
	s.print.line("execution  event user.locked -> risk score")
	return nil
}

func (s *Show) listUsers(ctx context.Context) (sdk.Result, error) {
	result, err := s.cfg.SDK.Request(ctx, sdk.Hook{
		Method: listUsers, Payload: []byte(usersRequest),
		Caller: sdk.Caller{Organization: "163840776835431312", User: "163840776801876761"},
	})
	if err != nil {
		return sdk.Result{}, fmt.Errorf("request hook: %w", err)
	}
	if len(result.Steps) != 3 || !result.Changed {
		return sdk.Result{}, errors.New("request hook: expected three steps and a changed request")
	}
	return result, nil
}

// circuit shows what an operator sees of a target that is left alone, as soon as
// replicas have told each other.
func (s *Show) circuit(ctx context.Context) error {
	for {
		var c struct {
			Circuit struct {
				State, Cause string
				Failures     int
			}
		}
		if err := s.api.do(ctx, http.MethodGet, "/actionplane/v1/targets/"+s.usage.Details.ID+"/circuit", nil, &c); err != nil {
			return err
		}
		if c.Circuit.State != "CIRCUIT_STATE_CLOSED" {
			s.print.line("circuit    %-26s %s after %d failures in a row, the last: %s", s.usage.name, c.Circuit.State, c.Circuit.Failures, c.Circuit.Cause)
			return nil
		}
		if err := pause(ctx, requestPause); err != nil {
			return err
		}
	}
}

// givenUp is a delivery that would never succeed. It is kept for whoever puts its
// target right.
func (s *Show) givenUp(ctx context.Context) error {
	id, err := s.cfg.SDK.Publish(ctx, sdk.Event{
		Type: "user.locked", Payload: []byte(`{}`),
		Organization: "163840776835431312", User: "163840776801876761",
		AggregateType: "user", AggregateID: "163840776835432345", Sequence: 2, Version: "v1",
	})
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	s.print.line("published  user.locked %s; the log warns of what nobody will try again", id)
	r, err := s.ended(ctx, id, failed)
	if err != nil {
		return err
	}
	d := r.Deliveries[0]
	s.print.line("delivery   %-26s %s at attempt %d; kept for POST /actionplane/v1/deliveries/%s:replay", d.TargetName, d.State, len(d.Attempts), d.ID)
	return nil
}
