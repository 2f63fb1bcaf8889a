package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/actionplane/actionplane/libs/sdk"
)

const (
	orders     = "story.v1.OrderService"
	placeOrder = "/" + orders + "/PlaceOrder"
	listOrders = "/" + orders + "/ListOrders"
	ping       = "/" + orders + "/Ping"
)

const order = `{"item":"lamp","count":3,"note":"<&> ü"}`

// caller is on whose behalf the order service works.
var caller = sdk.Caller{Organization: "163840776835431312", User: "163840776801876761"}

// script is a JavaScript action: what it returns replaces the request.
const script = `function rush(ctx, api) {
  const request = ctx.request;
  request.rush = true;
  return request;
}`

func onRequest(member, value string) object { return object{"request": object{member: value}} }

// setUp is the operator's part: an action, a target of every sort, executions.
func (s *storyteller) setUp(t *testing.T) {
	created := s.api.want(t, http.StatusOK, http.MethodPost, actionsPath, object{"name": "rush", "script": script, "timeout": "5s"})
	s.action, _ = created["id"].(string)
	read := s.api.want(t, http.StatusOK, http.MethodGet, actionsPath+"/"+s.action, nil)
	if at(read, "action", "script") != script {
		t.Errorf("the action reads %v", read)
	}
	s.audit = s.api.createTarget(t, "audit", s.receiver.url+"/audit", "restWebhook", false)
	s.policy = s.api.createTarget(t, "policy", s.receiver.url+"/policy", "restCall", true)
	s.script = s.api.createTarget(t, "script", "action://"+s.action, "restCall", true)
	s.subject = s.api.createTarget(t, "subject", "nats://"+strangersSubject, "restCall", true)
	ofService := onRequest("service", orders)
	s.api.setExecution(t, ofService, s.audit)
	s.api.setExecution(t, onRequest("method", placeOrder), ofService, s.policy, s.script, s.subject)
	s.api.setExecution(t, onRequest("method", ping))
}

// capped is a policy: no more than two.
func capped(_ int, body []byte) (int, string) {
	var envelope struct{ Request object }
	if err := json.Unmarshal(body, &envelope); err != nil {
		return http.StatusBadRequest, err.Error()
	}
	envelope.Request["count"] = 2
	text, err := json.Marshal(envelope.Request)
	if err != nil {
		return http.StatusInternalServerError, err.Error()
	}
	return http.StatusOK, string(text)
}

// place asks before an order is placed.
func (s *storyteller) place(t *testing.T) (sdk.Result, error) {
	t.Helper()
	return s.sdk.Request(within(t), sdk.Hook{Method: placeOrder, Payload: []byte(order), Caller: caller, Explain: true})
}

func (s *storyteller) request(t *testing.T) {
	s.receiver.answer("/policy", capped)
	result, err := s.place(t)
	if err != nil {
		t.Fatal(err)
	}
	if result.Condition != "request"+placeOrder || result.RunID == "" || !result.Changed {
		t.Errorf("got %+v", result)
	}
	before := object{"item": "lamp", "count": 3.0, "note": "<&> ü"}
	for i, want := range []struct {
		target
		member string // what the step has put in
		value  any
	}{{s.audit, "count", 3.0}, {s.policy, "count", 2.0}, {s.script, "rush", true}, {s.subject, "enriched", true}} {
		if i >= len(result.Steps) {
			t.Fatalf("only %d steps", len(result.Steps))
		}
		step := result.Steps[i]
		if step.Position != i+1 || step.TargetID != want.id || step.TargetName != want.name || step.Outcome != "succeeded" || step.Changed != (i > 0) {
			t.Errorf("step %d: %+v", i+1, step)
		}
		equalJSON(t, step.Before, before)
		before[want.member] = want.value
		equalJSON(t, step.After, before)
	}
	equalJSON(t, result.Payload, object{"item": "lamp", "count": 2.0, "note": "<&> ü", "rush": true, "enriched": true})
	if len(result.Steps) != 4 {
		t.Errorf("%d steps", len(result.Steps))
	}
	s.signed(t, result.RunID)
}

// signed checks what the targets of the chain have got.
func (s *storyteller) signed(t *testing.T, runID string) {
	t.Helper()
	audit, subject := s.receiver.last(t, "/audit"), s.stranger.got()
	verify(t, audit, s.audit.key)
	verify(t, s.receiver.last(t, "/policy"), s.policy.key)
	if len(subject) != 1 {
		t.Fatalf("the subject got %d messages", len(subject))
	}
	verify(t, subject[0], s.subject.key)
	envelope := audit.json(t)
	if envelope["fullMethod"] != placeOrder || envelope["userID"] != caller.User || envelope["orgID"] != caller.Organization || envelope["instanceID"] != sdk.DefaultTenant {
		t.Errorf("envelope %v", envelope)
	}
	await(t, "the run is recorded", func() bool {
		status, answer := s.api.do(t, http.MethodGet, "/actionplane/v1/runs/"+runID, nil)
		return status == http.StatusOK && at(answer, "run", "steps", 3, "targetName") == "subject"
	})
}

func (s *storyteller) service(t *testing.T) {
	result, err := s.sdk.Request(within(t), sdk.Hook{Method: listOrders, Payload: []byte(`{}`)})
	if err != nil || result.Condition != "request/"+orders || len(result.Steps) != 1 || result.Steps[0].TargetID != s.audit.id || result.Changed {
		t.Errorf("got %+v, %v", result, err)
	}
}

func (s *storyteller) noop(t *testing.T) {
	before := len(s.receiver.got("/audit"))
	result, err := s.sdk.Request(within(t), sdk.Hook{Method: ping, Payload: []byte(`{}`)})
	if err != nil || len(result.Steps) != 0 || result.Changed || len(s.receiver.got("/audit")) != before {
		t.Errorf("got %+v, %v", result, err)
	}
}

func (s *storyteller) response(t *testing.T) {
	s.receiver.answer("/mask", func(int, []byte) (int, string) { return http.StatusOK, `{"card":"****"}` })
	mask := s.api.createTarget(t, "mask", s.receiver.url+"/mask", "restCall", true)
	s.api.setExecution(t, object{"response": object{"all": true}}, mask)
	result, err := s.sdk.Response(within(t), sdk.Hook{Method: placeOrder, Payload: []byte(`{"card":"4111"}`), Request: []byte(order)})
	if err != nil || result.Condition != "response" || string(result.Payload) != `{"card":"****"}` {
		t.Errorf("got %+v, %v", result, err)
	}
	envelope := s.receiver.last(t, "/mask").json(t)
	if at(envelope, "response", "card") != "4111" || at(envelope, "request", "item") != "lamp" {
		t.Errorf("envelope %v", envelope)
	}
}

func (s *storyteller) function(t *testing.T) {
	const name = "preaccesstoken"
	s.receiver.answer("/claims", func(int, []byte) (int, string) {
		return http.StatusOK, `{"append_claims":[{"key":"tier","value":"gold"}]}`
	})
	claims := s.api.createTarget(t, "claims", s.receiver.url+"/claims", "restCall", true)
	s.api.setExecution(t, object{"function": object{"name": name}}, claims)
	result, err := s.sdk.Function(within(t), sdk.Hook{Method: name, Payload: []byte(`{"userinfo":{"sub":"1"}}`)})
	if err != nil || result.Condition != "function/"+name {
		t.Fatalf("got %+v, %v", result, err)
	}
	equalJSON(t, result.Payload, object{"append_claims": []any{object{"key": "tier", "value": "gold"}}})
	if envelope := s.receiver.last(t, "/claims").json(t); envelope["function"] != "function/"+name || at(envelope, "userinfo", "sub") != "1" {
		t.Errorf("envelope %v", envelope)
	}
	if result, err := s.sdk.Function(within(t), sdk.Hook{Method: "preuserinfo", Payload: []byte(`{}`)}); err != nil || result.RunID != "" {
		t.Errorf("nobody listens: got %+v, %v", result, err)
	}
}

// refused is an order that must not pass.
func (s *storyteller) refused(t *testing.T, code sdk.Code, id, message string) {
	t.Helper()
	before := len(s.stranger.got())
	_, err := s.place(t)
	var refusal *sdk.Error
	if !errors.As(err, &refusal) || refusal.Code != code || refusal.ID != id || (message != "" && refusal.Message != message) {
		t.Errorf("got %v", err)
	}
	if len(s.stranger.got()) != before {
		t.Error("the steps behind the refusal were run")
	}
}

func (s *storyteller) veto(t *testing.T) {
	s.receiver.answer("/policy", func(int, []byte) (int, string) {
		return http.StatusOK, `{"forwardedStatusCode":403,"forwardedErrorMessage":"lamps are sold out"}`
	})
	s.refused(t, sdk.CodePermissionDenied, "EXEC-reUaUZCzCp", "lamps are sold out")
	status, answer := s.api.do(t, http.MethodPost, "/actionplane/v1/hooks:request", object{"method": placeOrder, "payload": object{"item": "lamp"}})
	if status != http.StatusForbidden || at(answer, "details", 0, "id") != "EXEC-reUaUZCzCp" {
		t.Errorf("over REST: %d %v", status, answer)
	}
}

func (s *storyteller) interrupt(t *testing.T) {
	s.receiver.answer("/policy", func(int, []byte) (int, string) { return http.StatusInternalServerError, `{"secret":"of the target"}` })
	s.refused(t, sdk.CodeFailedPrecondition, "EXEC-dra6yamk98", "")
	s.receiver.answer("/policy", capped)
}

func (s *storyteller) passOver(t *testing.T) {
	s.receiver.answer("/audit", func(int, []byte) (int, string) { return http.StatusInternalServerError, "" })
	result, err := s.place(t)
	if err != nil {
		t.Fatal(err)
	}
	outcomes := make([]string, len(result.Steps))
	for i, step := range result.Steps {
		outcomes[i] = step.Outcome
	}
	if !slices.Equal(outcomes, []string{"failed", "succeeded", "succeeded", "succeeded"}) || result.Steps[0].StatusCode != http.StatusInternalServerError {
		t.Errorf("got %+v", result.Steps)
	}
	s.receiver.answer("/audit", nil)
}

// equalJSON compares a text with what it should say.
func equalJSON(t *testing.T, text []byte, want object) {
	t.Helper()
	var got object
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %s, want %v", text, want)
	}
}
