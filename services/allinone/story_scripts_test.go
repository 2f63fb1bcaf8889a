package main

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/actionplane/actionplane/libs/sdk"
)

const (
	v1Path          = "/actionplane/v1"
	invocationsPath = v1Path + "/invocations"
	accessToken     = v1Path + "/flows/2/triggers/5:run"
)

// tier is an action that an author would write: a claim, from a secret and
// from what is known of the user.
const tier = `async function tier(ctx, api) {
  const key = require("actionplane/secrets").get("PREFIX");
  console.log("tier of", ctx.v1.getUser().id, "by", key);
  await null;
  api.v1.claims.setClaim("tier", key + "gold");
}`

// scripts is the chapter about JavaScript actions: bound to a flow, run by an
// internal service, seen and tried by their author.
func (s *storyteller) scripts(t *testing.T) {
	id := s.createAction(t, "tier", tier)
	s.api.want(t, http.StatusOK, http.MethodPut, v1Path+"/actions/"+id+"/secrets/PREFIX", object{"value": "pre-"})
	s.bind(t, "2", "5", id)
	context := object{"v1": object{"claims": object{"sub": "7"}, "user": object{"id": "7"}}}

	var answer object
	await(t, "the secret and the flow are in force", func() bool {
		_, answer = s.api.do(t, http.MethodPost, accessToken, object{"context": context})
		return at(answer, "changes", "claims", "tier") == "pre-gold"
	})
	invocation, _ := at(answer, "actions", 0, "invocationId").(string)
	if at(answer, "actions", 0, "actionName") != "tier" || at(answer, "actions", 0, "outcome") != "ACTION_OUTCOME_SUCCEEDED" {
		t.Errorf("got %v", answer)
	}
	s.invocations(t, id, invocation)
	s.dryRun(t, id)
	s.flowBySDK(t)
	s.hostile(t, id)
	s.api.want(t, http.StatusOK, http.MethodPost, "/management/v1/flows/2/_clear", object{}) // later chapters begin anew
}

func (s *storyteller) createAction(t *testing.T, name, script string) string {
	t.Helper()
	created := s.api.want(t, http.StatusOK, http.MethodPost, actionsPath, object{"name": name, "script": script, "timeout": "2s"})
	id, _ := created["id"].(string)
	return id
}

func (s *storyteller) bind(t *testing.T, flow, trigger string, actions ...string) {
	t.Helper()
	s.api.want(t, http.StatusOK, http.MethodPost, "/management/v1/flows/"+flow+"/trigger/"+trigger, object{"actionIds": actions})
}

// invocations finds what was run, with what it logged.
func (s *storyteller) invocations(t *testing.T, action, id string) {
	t.Helper()
	var read any
	await(t, "the invocation is recorded", func() bool {
		status, answer := s.api.do(t, http.MethodGet, invocationsPath+"/"+id, nil)
		read = answer["invocation"]
		return status == http.StatusOK
	})
	if at(read, "logs", 0, "message") != "tier of 7 by [redacted]" || at(read, "result") != "INVOCATION_RESULT_SUCCEEDED" || at(read, "flow") != "2" || at(read, "version") != 1.0 {
		t.Errorf("the invocation reads %v", read)
	}
	query := url.Values{"actionId": {action}, "flow": {"2"}, "trigger": {"5"}, "result": {"INVOCATION_RESULT_SUCCEEDED"}}
	list := s.api.want(t, http.StatusOK, http.MethodGet, invocationsPath+"?"+query.Encode(), nil)
	if at(list, "invocations", 0, "actionId") != action || at(list, "invocations", 0, "logs") != nil {
		t.Errorf("listed: %v", list)
	}
	// The action that is the target of an execution has left its runs, too.
	await(t, "the runs of the target are recorded", func() bool {
		list = s.api.want(t, http.StatusOK, http.MethodGet, invocationsPath+"?actionId="+s.action, nil)
		return at(list, "invocations", 0) != nil
	})
	run, _ := at(list, "invocations", 0, "runId").(string)
	if at(list, "invocations", 0, "flow") != nil || run == "" {
		t.Errorf("of a target: %v", list)
	}
	s.api.want(t, http.StatusOK, http.MethodGet, v1Path+"/runs/"+run, nil)
}

func (s *storyteller) dryRun(t *testing.T, id string) {
	t.Helper()
	out := s.api.want(t, http.StatusOK, http.MethodPost, v1Path+"/actions/"+id+":dryRun", object{
		"flow": "2", "trigger": "5", "input": object{"v1": object{"user": object{"id": "8"}}},
	})
	if at(out, "changes", "claims", "tier") != "[secret PREFIX]gold" || at(out, "logs", 0, "level") != "info" || at(out, "duration") == nil {
		t.Errorf("dry: %v", out)
	}
	out = s.api.want(t, http.StatusOK, http.MethodPost, v1Path+"/actions/"+id+":dryRun", object{"script": "function tier() {\n  return fetch('https://example.org')\n}"})
	if at(out, "calls", 0, "error") == nil || at(out, "result") != "INVOCATION_RESULT_FAILED" {
		t.Errorf("a call in a dry run: %v", out)
	}
	if files := s.api.want(t, http.StatusOK, http.MethodGet, v1Path+"/actions/types", nil); at(files, "files", 3, "content") == nil {
		t.Errorf("types: %v", files)
	}
}

func (s *storyteller) flowBySDK(t *testing.T) {
	t.Helper()
	result, err := s.sdk.RunFlow(within(t), sdk.Flow{Flow: "2", Trigger: "5", Organization: s.organization, Context: []byte(`{"v1":{"user":{"id":"9"}}}`)})
	if err != nil || string(result.Changes.Claims["tier"]) != `"pre-gold"` || len(result.Actions) != 1 {
		t.Errorf("got %+v, %v", result, err)
	}
}

// hostile has a script that never ends beside one that does: the one fails, the
// other does not notice.
func (s *storyteller) hostile(t *testing.T, good string) {
	t.Helper()
	endless := s.createAction(t, "endless", `function endless() { /^(a+)+\1$/.test("a".repeat(40) + "b"); for (;;) {} }`)
	s.bind(t, "2", "4", good, endless)
	failed := make(chan error, 1)
	ctx := within(t)
	go func() {
		_, err := s.sdk.RunFlow(ctx, sdk.Flow{Flow: "2", Trigger: "4", Organization: s.organization, Context: []byte(`{"v1":{"user":{"id":"1"}}}`)})
		failed <- err
	}()
	for range 20 {
		s.flowBySDK(t)
	}
	err := <-failed
	var failure *sdk.Error
	if !errors.As(err, &failure) || failure.ID != "SCRIPTS-f41l3d" {
		t.Errorf("the endless script: %v", err)
	}
	await(t, "it is recorded", func() bool {
		list := s.api.want(t, http.StatusOK, http.MethodGet, invocationsPath+"?result=INVOCATION_RESULT_TIMED_OUT&actionId="+endless, nil)
		return at(list, "invocations", 0, "error", "kind") == "timeout"
	})
}
