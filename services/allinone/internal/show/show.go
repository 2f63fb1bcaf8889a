package show

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/actionplane/actionplane/libs/sdk"
)

// timeout bounds the whole show.
const timeout = time.Minute

// Config is where the show takes place.
type Config struct {
	// BaseURL of the public API.
	BaseURL string
	// Token of an instance owner, and the file that a reader finds it in.
	Token, TokenFile string
	// SDK is a connection such as an internal service has.
	SDK *sdk.Client
	// Out takes the print.
	Out io.Writer
}

// Show is a show that was given; what it set up goes on working until Close.
type Show struct {
	cfg      Config
	api      *api
	receiver *receiver
	print    printer

	audit, policy, script, welcome, score, usage target
	actionID                                     string
}

// Give gives the show. The first failure ends it.
func Give(ctx context.Context, cfg Config) (*Show, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := startReceiver(ctx)
	if err != nil {
		return nil, fmt.Errorf("show: start the sample receiver: %w", err)
	}
	s := &Show{
		cfg: cfg, receiver: r, print: printer{out: cfg.Out},
		api: &api{base: cfg.BaseURL, token: cfg.Token, client: &http.Client{Timeout: 30 * time.Second}},
	}
	for _, act := range []func(context.Context) error{s.setUp, s.request, s.event, s.failures} {
		if err := act(ctx); err != nil {
			s.Close()
			return nil, fmt.Errorf("show: %w", err)
		}
	}
	s.tryYourself()
	return s, nil
}

// Close ends the sample receiver.
func (s *Show) Close() { s.receiver.close() }

// listSessions is the method whose requests are looked at.
const listSessions = "/zitadel.session.v2.SessionService/ListSessions"

// restrictScript is a JavaScript action: it sees what a target would be sent,
// and what it returns replaces the request.
const restrictScript = `function restrictToCreator(ctx, api) {
  const log = require("zitadel/log");
  const request = ctx.request;
  log.info("page size is", request.query.limit);
  request.queries = [...(request.queries ?? []), { creatorQuery: { id: ctx.userID } }];
  return request;
}`

// setUp is the operator's part, through the public API.
func (s *Show) setUp(ctx context.Context) (err error) {
	s.print.title("1. An operator sets up targets, an action and executions (public API)")
	if s.actionID, err = s.api.createAction(ctx, "restrictToCreator", restrictScript); err != nil {
		return err
	}
	s.print.line("action     restrictToCreator   %s", s.actionID)
	for _, t := range []struct {
		into           *target
		name, endpoint string
		kind           object
	}{
		{&s.audit, "show: audit", s.receiver.url + auditPath, object{"restWebhook": object{}}},
		{&s.policy, "show: page size policy", s.receiver.url + policyPath, object{"restCall": object{"interruptOnError": true}}},
		{&s.script, "show: restrict to creator", "action://" + s.actionID, object{"restCall": object{"interruptOnError": true}}},
		{&s.welcome, "show: welcome mail", s.receiver.url + welcomePath, object{"restWebhook": object{}}},
	} {
		if *t.into, err = s.api.createTarget(ctx, t.name, t.endpoint, t.kind); err != nil {
			return err
		}
		s.print.line("target     %-26s %s -> %s", t.name, t.into.Details.ID, t.endpoint)
	}
	if err := s.api.setExecution(ctx, object{"request": object{"method": listSessions}}, s.audit, s.policy, s.script); err != nil {
		return err
	}
	s.print.line("execution  request %s -> audit, policy, action", listSessions)
	if err := s.api.setExecution(ctx, object{"event": object{"event": "user.human.added"}}, s.audit, s.welcome); err != nil {
		return err
	}
	s.print.line("execution  event user.human.added -> audit, welcome mail")
	return s.stranger(ctx)
}

// stranger has no token of ours.
func (s *Show) stranger(ctx context.Context) error {
	stranger := *s.api
	stranger.token = "nobody's"
	err := stranger.do(ctx, http.MethodDelete, "/resources/v3alpha/actions/targets/"+s.audit.Details.ID, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "401") {
		return fmt.Errorf("a stranger was not refused: %w", err)
	}
	s.print.line("refused    %v", err)
	return nil
}
