package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// printed sends a request as a document prints it: verb, path, headers and body,
// byte for byte, with ids in place of the placeholders.
func (s *storyteller) printed(t *testing.T, want int, verb, path, body string, headers ...string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(within(t), verb, s.api.url()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range append(headers, "Authorization: Bearer "+s.token) {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := plainHTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != want || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		t.Errorf("%s %s: %s, %s: %s", verb, path, resp.Status, resp.Header.Get("Content-Type"), text)
	}
	var compact bytes.Buffer // protojson puts spaces where it pleases
	if err := json.Compact(&compact, text); err != nil {
		t.Fatalf("%s %s: %s", verb, path, text)
	}
	return compact.String()
}

// Shapes of what documents print as examples.
const (
	printedDate = `"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z"`
	// "owner" is printed as a string; the wire has the object that the same
	// document's schema describes.
	printedDetails = `\{"id":"[^"]+","created":` + printedDate + `,"changed":` + printedDate + `,"owner":\{"type":"OWNER_TYPE_INSTANCE","id":"[^"]+"\}\}`
)

func matches(t *testing.T, answer, pattern string) {
	t.Helper()
	if !regexp.MustCompile(`^` + pattern + `$`).MatchString(answer) {
		t.Errorf("answer:\n%s\nwant:\n%s", answer, pattern)
	}
}

// documents sends the requests of the documents that the product was asked
// for. Where a document contradicts the wire, README says which of the two is
// followed.
func (s *storyteller) documents(t *testing.T) {
	t.Run("GetActionByID", s.printedAction)
	t.Run("CreateAndPatchTarget", s.printedTarget)
	t.Run("SetExecution", s.printedExecution)
}

func (s *storyteller) printedAction(t *testing.T) {
	created := s.api.want(t, http.StatusOK, http.MethodPost, actionsPath, object{
		"name": "log context", "script": "function log(context, calls){console.log(context)}", "timeout": "10s", "allowedToFail": true,
	})
	id, _ := created["id"].(string)
	headers := []string{"Accept: application/json"}
	answer := s.printed(t, http.StatusOK, http.MethodGet, actionsPath+"/"+id, "", headers...)
	matches(t, answer, `\{"action":\{"id":"`+id+`","details":\{"sequence":"\d+","creationDate":`+printedDate+`,"changeDate":`+printedDate+
		`,"resourceOwner":"`+s.organization+`"\},"state":"ACTION_STATE_ACTIVE","name":"log context",`+
		`"script":"function log\(context, calls\)\{console.log\(context\)\}","timeout":"10s","allowedToFail":true\}\}`)
	withOrganization := s.printed(t, http.StatusOK, http.MethodGet, actionsPath+"/"+id, "", append(headers, "x-zitadel-orgid: "+s.organization)...)
	if withOrganization != answer {
		t.Errorf("with x-zitadel-orgid: %s", withOrganization)
	}
	matches(t, s.printed(t, http.StatusNotFound, http.MethodGet, actionsPath+"/69629023906488334", "", headers...),
		`\{"code":5,"message":"Action not found \(QUERY-GEfnb\)","details":\[\{"@type":"type.googleapis.com/zitadel.v1.ErrorDetail","id":"QUERY-GEfnb","message":"Action not found"\}\]\}`)
	s.api.want(t, http.StatusOK, http.MethodDelete, actionsPath+"/"+id, nil)
}

func (s *storyteller) printedTarget(t *testing.T) {
	headers := []string{"Content-Type: application/json", "Accept: application/json"}
	answer := s.printed(t, http.StatusCreated, http.MethodPost, targetsPath,
		`{"name":"printed","restWebhook":{"interruptOnError":true},"timeout":"10s","endpoint":"https://example.com/hooks/ip_check"}`, headers...)
	matches(t, answer, `\{"details":`+printedDetails+`,"signingKey":"[A-Za-z0-9]+"\}`)
	id := regexp.MustCompile(`"id":"(\d+)"`).FindStringSubmatch(answer)[1]
	patched := s.printed(t, http.StatusOK, http.MethodPatch, targetsPath+"/"+id, `{"name":"printed again","restAsync":{}}`, headers...)
	matches(t, patched, `\{"details":`+printedDetails+`\}`)
	if again := s.printed(t, http.StatusOK, http.MethodPatch, targetsPath+"/"+id, `{"name":"printed again"}`, headers...); again != patched {
		t.Errorf("left unchanged: %s, was %s", again, patched)
	}
	s.printed(t, http.StatusNotFound, http.MethodPatch, targetsPath+"/69629012906488334", `{"name":"nobody"}`, headers...)
	s.api.want(t, http.StatusOK, http.MethodDelete, targetsPath+"/"+id, nil)
}

// everyMember is a condition as the document prints it: its generator filled
// every member of every oneof.
const everyMember = `{
"request": {
"method": "/zitadel.session.v2.SessionService/ListSessions",
"service": "zitadel.session.v2.SessionService",
"all": true
},
"response": {
"method": "/zitadel.session.v2.SessionService/ListSessions",
"service": "zitadel.session.v2.SessionService",
"all": true
},
"function": {
"name": "string"
},
"event": {
"event": "user.human.added",
"group": "user.human",
"all": true
}
}`

func (s *storyteller) printedExecution(t *testing.T) {
	headers := []string{"Content-Type: application/json", "Accept: application/json"}
	literally := `{
"instance": {
"id": "string",
"domain": "string"
},
"condition": ` + everyMember + `,
"execution": {
"targets": [
{
"target": "string",
"include": ` + everyMember + `
}
]
}
}`
	refusal := s.printed(t, http.StatusBadRequest, http.MethodPut, executionsPath, literally, headers...)
	if !strings.Contains(refusal, "instance.domain") {
		t.Errorf("the refusal does not say what is wrong: %s", refusal)
	}
	// The same example once for each member that it may hold.
	printedTarget := s.api.createTarget(t, "printed", s.receiver.url+"/unused", "restWebhook", false)
	s.api.setExecution(t, object{"event": object{"event": "printed.included"}}, printedTarget)
	conditions := []string{
		`{"request":{"method":"/zitadel.session.v2.SessionService/ListSessions"}}`, `{"request":{"service":"zitadel.session.v2.SessionService"}}`, `{"request":{"all":true}}`,
		`{"response":{"method":"/zitadel.session.v2.SessionService/ListSessions"}}`, `{"response":{"service":"zitadel.session.v2.SessionService"}}`, `{"response":{"all":true}}`,
		`{"function":{"name":"preuserinfo"}}`,
		`{"event":{"event":"user.human.added"}}`, `{"event":{"group":"user.human"}}`, `{"event":{"all":true}}`,
	}
	for _, condition := range conditions {
		for _, target := range []string{`{"target":"` + printedTarget.id + `"}`, `{"include":{"event":{"event":"printed.included"}}}`} {
			body := `{"condition":` + condition + `,"execution":{"targets":[` + target + `]}}`
			matches(t, s.printed(t, http.StatusCreated, http.MethodPut, executionsPath, body, headers...), `\{"details":`+printedDetails+`\}`)
		}
		s.printed(t, http.StatusCreated, http.MethodPut, executionsPath, `{"condition":`+condition+`,"execution":{"targets":[]}}`, headers...)
	}
	found := s.api.want(t, http.StatusOK, http.MethodPost, executionsPath+"/_search", []object{{"targetFilter": object{"targetId": printedTarget.id}}})
	if list, _ := found["result"].([]any); len(list) != 1 || !slices.Equal([]any{at(list, 0, "condition", "event", "event")}, []any{"printed.included"}) {
		t.Errorf("emptied executions are found: %v", found)
	}
	s.api.setExecution(t, object{"event": object{"event": "printed.included"}})
	s.api.want(t, http.StatusOK, http.MethodDelete, targetsPath+"/"+printedTarget.id, nil)
}
