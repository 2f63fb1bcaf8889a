package main

import (
	"net/http"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/actionplane/actionplane/libs/sdk"
)

// delivered waits until an event's one delivery has succeeded and returns its
// run.
func (s *storyteller) delivered(t *testing.T, eventID string) any {
	t.Helper()
	var found any
	await(t, "event "+eventID+" is delivered", func() bool {
		answer := s.api.want(t, http.StatusOK, http.MethodGet, "/actionplane/v1/runs?eventId="+eventID, nil)
		found = at(answer, "runs", 0)
		return at(found, "deliveries", 0, "state") == "DELIVERY_STATE_SUCCEEDED"
	})
	return found
}

func (s *storyteller) event(t *testing.T) {
	s.receiver.answer("/welcome", func(n int, _ []byte) (int, string) {
		if n == 1 {
			return http.StatusServiceUnavailable, "out of order"
		}
		return http.StatusOK, ""
	})
	welcome := s.api.createTarget(t, "welcome", s.receiver.url+"/welcome", "restWebhook", false)
	s.api.setExecution(t, object{"event": object{"all": true}}, s.audit)
	s.api.setExecution(t, object{"event": object{"group": "user.human"}}, welcome)

	id, err := s.sdk.Publish(within(t), sdk.Event{
		Type: "user.human.added", Payload: []byte(`{"userName":"minnie-mouse"}`), Organization: caller.Organization, User: caller.User,
	})
	if err != nil {
		t.Fatal(err)
	}
	run := s.delivered(t, id)
	if at(run, "condition") != "event/user.human.*" || at(run, "triggerName") != "user.human.added" {
		t.Errorf("run %v", run)
	}
	attempts := at(run, "deliveries", 0, "attempts")
	for i, want := range []object{{"number": 1.0, "outcome": "retryable", "statusCode": 503.0}, {"number": 2.0, "outcome": "succeeded", "statusCode": 200.0}} {
		for member, value := range want {
			if at(attempts, i, member) != value {
				t.Errorf("attempt %d: %v", i+1, at(attempts, i))
			}
		}
	}
	calls := s.receiver.got("/welcome")
	if len(calls) != 2 || calls[0].header.Get("webhook-id") != calls[1].header.Get("webhook-id") || string(calls[0].body) != string(calls[1].body) {
		t.Errorf("the attempts differ: %v", calls)
	}
	for _, c := range calls {
		verify(t, c, welcome.key)
	}
	body := calls[1].json(t)
	if body["event_type"] != "user.human.added" || at(body, "event_payload", "userName") != "minnie-mouse" || body["resourceOwner"] != caller.Organization {
		t.Errorf("body %v", body)
	}
	for _, c := range s.receiver.got("/audit") { // what Actionplane itself does is an event, too
		if c.json(t)["event_type"] == "user.human.added" {
			t.Error("the broader execution was run as well")
		}
	}
}

// strangersEvent comes from a service in whatever language, which has a NATS
// client and the documentation.
func (s *storyteller) strangersEvent(t *testing.T) {
	js, err := jetstream.New(s.nats)
	if err != nil {
		t.Fatal(err)
	}
	before := len(s.receiver.got("/welcome"))
	m := nats.NewMsg("actionplane.events.v1." + sdk.DefaultTenant + ".user.human.changed")
	m.Header.Set("Content-Type", "application/json")
	m.Header.Set("Nats-Msg-Id", sdk.DefaultTenant+"/stranger-1")
	m.Data = []byte(`{"id":"stranger-1","payload":{"firstName":"Minnie"},"userId":"163840776801876761"}`)
	for range 2 { // the second is known already
		if _, err := js.PublishMsg(within(t), m); err != nil {
			t.Fatal(err)
		}
	}
	if run := s.delivered(t, "stranger-1"); at(run, "condition") != "event/user.human.*" {
		t.Errorf("run %v", run)
	}
	calls := s.receiver.got("/welcome")
	if len(calls) != before+1 || at(calls[before].json(t), "event_payload", "firstName") != "Minnie" {
		t.Errorf("got %d calls, the last %s", len(calls)-before, calls[len(calls)-1].body)
	}
}
