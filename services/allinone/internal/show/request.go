package show

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/actionplane/actionplane/libs/sdk"
)

// sessionRequest is what a session service gets from a console.
const sessionRequest = `{"query":{"offset":"0","limit":1000,"asc":true},"queries":[{"userIdQuery":{"id":"163840776835432345"}}],"sortingColumn":"SESSION_FIELD_NAME_CREATION_DATE"}`

// request is an internal service's part: before it handles a request it asks.
func (s *Show) request(ctx context.Context) error {
	s.print.title("2. The session service gets a request and asks before it handles it (SDK)")
	start := time.Now()
	result, err := s.cfg.SDK.Request(ctx, sdk.Hook{
		Method:  listSessions,
		Payload: []byte(sessionRequest),
		Caller:  sdk.Caller{Organization: "163840776835431312", User: "163840776801876761"},
		Explain: true,
	})
	took := time.Since(start)
	if err != nil {
		return fmt.Errorf("request hook: %w", err)
	}
	s.print.line("matched    %s   run %s", result.Condition, result.RunID)
	for _, step := range result.Steps {
		s.print.line("step %d     %-26s %s in %s", step.Position, step.TargetName, step.Outcome, step.Duration.Round(time.Microsecond))
		s.print.line("           before  %s", step.Before)
		s.print.line("           after   %s", step.After)
	}
	s.print.line("answer     %s after %s", result.Payload, took.Round(time.Microsecond))
	if len(result.Steps) != 3 || !result.Changed {
		return errors.New("request hook: expected three steps and a changed request")
	}
	return s.signatures(ctx)
}

// signatures checks what the receiver got.
func (s *Show) signatures(ctx context.Context) error {
	for _, t := range []struct {
		path string
		target
	}{{auditPath, s.audit}, {policyPath, s.policy}} {
		calls, err := s.receiver.wait(ctx, t.path, 1)
		if err != nil {
			return fmt.Errorf("%s was not called: %w", t.name, err)
		}
		if err := verify(calls[0], t.SigningKey); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		s.print.line("signature  %-26s %.40s… verifies", t.name, calls[0].header.Get("ZITADEL-Signature"))
	}
	return nil
}
