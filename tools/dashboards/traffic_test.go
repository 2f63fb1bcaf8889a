package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// object is a JSON object that is written by hand.
type object = map[string]any

// pass returns what a hook asks about as it came.
const pass = `function pass(ctx, api) { return ctx.request; }`

// scripts are bound to one trigger each. The endless one is deaf to being
// stopped, so that its worker has to be killed; the slow one only takes too long.
var scripts = []struct {
	name, source, flow, trigger string
	seldom                      bool // it holds a worker for as long as it may
}{
	{name: "tier", source: `function tier(ctx, api) { api.v1.claims.setClaim('tier', 'gold'); }`, flow: "2", trigger: "5"},
	{name: "broken", source: `function broken() { throw new Error("no"); }`, flow: "1", trigger: "1"},
	{name: "slow", source: `function slow() { for (;;) {} }`, flow: "2", trigger: "4", seldom: true},
	{name: "endless", source: `function endless() { /^(a+)+\1$/.test("a".repeat(40) + "b"); }`, flow: "1", trigger: "2", seldom: true},
}

const (
	order      = "/shop.v1.OrderService/"
	executions = "/resources/v3alpha/actions/executions"
	targets    = "/resources/v3alpha/actions/targets"
)

// traffic is everything that the dashboards show, again and again: hooks that
// succeed, are refused and let failures through, events whose targets recover,
// refuse, tire and hide, scripts that end in every way, changes that wait for
// another person.
type traffic struct {
	fleet    *fleet
	owner    string // a token
	reviewer string // of somebody else
	receiver string // URL
	changed  string // a target whose changes wait
	faulty   bool   // something is away, and statuses are not as wanted
}

func startTraffic(t *testing.T, f *fleet) *traffic {
	t.Helper()
	receiver := httptest.NewServer(http.HandlerFunc(newReceiver().answer))
	t.Cleanup(receiver.Close)
	tr := &traffic{fleet: f, owner: f.Token, receiver: receiver.URL}
	tr.setUpScripts(t)
	tr.setUpHooks(t)
	tr.setUpEvents(t)
	tr.reviewer = tr.newReviewer(t)
	tr.want(t, 200, tr.owner, http.MethodPut, "/api/v0/organizations/"+f.OrganizationID+"/organizationSettings",
		object{"approvalEnabled": true, "approvalRequiredApprovals": 1}) // the last of the changes that need not wait
	return tr
}

// receiver is the other side of HTTP targets.
type receiver struct {
	mu   sync.Mutex
	seen map[string]bool // webhook ids
}

func newReceiver() *receiver { return &receiver{seen: map[string]bool{}} }

func (r *receiver) answer(w http.ResponseWriter, req *http.Request) {
	switch req.URL.Path {
	case "/busy":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "/refuses":
		w.WriteHeader(http.StatusBadRequest)
	case "/flaky":
		r.mu.Lock()
		defer r.mu.Unlock()
		if id := req.Header.Get("webhook-id"); !r.seen[id] {
			r.seen[id] = true
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
}

func (tr *traffic) setUpScripts(t *testing.T) {
	t.Helper()
	for _, s := range scripts {
		id := tr.createAction(t, s.name, s.source, "0.5s")
		tr.want(t, 200, tr.owner, http.MethodPost, "/management/v1/flows/"+s.flow+"/trigger/"+s.trigger, object{"actionIds": []string{id}})
	}
}

func (tr *traffic) createAction(t *testing.T, name, script, timeout string) string {
	t.Helper()
	created := tr.want(t, 200, tr.owner, http.MethodPost, "/management/v1/actions", object{"name": name, "script": script, "timeout": timeout})
	id, _ := created["id"].(string)
	return id
}

func (tr *traffic) setUpHooks(t *testing.T) {
	t.Helper()
	look := tr.createTarget(t, "look", tr.receiver+"/ok", "restWebhook", true)
	tr.changed = look
	ask := tr.createTarget(t, "ask", tr.receiver+"/ok", "restWebhook", true)
	script := tr.createTarget(t, "script", "action://"+tr.createAction(t, "pass", pass, "2s"), "restCall", true)
	guard := tr.createTarget(t, "guard", tr.receiver+"/busy", "restWebhook", false)
	refuser := tr.createTarget(t, "refuser", tr.receiver+"/refuses", "restWebhook", true)
	tr.setExecution(t, object{"request": object{"method": order + "Place"}}, look, script, guard)
	tr.setExecution(t, object{"request": object{"method": order + "Cancel"}}, refuser)
	tr.setExecution(t, object{"response": object{"method": order + "Place"}}, ask)
	tr.setExecution(t, object{"function": object{"name": "priceorder"}}, ask)
}

func (tr *traffic) setUpEvents(t *testing.T) {
	t.Helper()
	flaky := tr.createTarget(t, "flaky", tr.receiver+"/flaky", "restWebhook", false)
	steady := tr.createTarget(t, "steady", tr.receiver+"/ok", "restWebhook", false)
	dead := tr.createTarget(t, "dead", tr.receiver+"/refuses", "restWebhook", false)
	tired := tr.createTarget(t, "tired", tr.receiver+"/busy", "restWebhook", false)
	hidden := tr.createTarget(t, "hidden", "http://10.1.2.3/", "restWebhook", false)
	for _, id := range []string{flaky, dead, tired, hidden} {
		tr.want(t, 200, tr.owner, http.MethodPut, "/actionplane/v1/targets/"+id+"/settings", object{"settings": object{
			"retry": object{"maxAttempts": 2, "schedule": []string{"1s"}, "finalStatuses": []int{400}},
		}})
	}
	tr.setExecution(t, object{"event": object{"event": "order.placed"}}, steady, flaky, dead)
	tr.setExecution(t, object{"event": object{"event": "order.shipped"}}, tired, hidden)
}

func (tr *traffic) createTarget(t *testing.T, name, endpoint, kind string, interrupts bool) string {
	t.Helper()
	created := tr.want(t, 201, tr.owner, http.MethodPost, targets,
		object{"name": name, "endpoint": endpoint, "timeout": "2s", kind: object{"interruptOnError": interrupts}})
	details, _ := created["details"].(object)
	id, _ := details["id"].(string)
	return id
}

func (tr *traffic) setExecution(t *testing.T, condition object, ids ...string) {
	t.Helper()
	var steps []object
	for _, id := range ids {
		steps = append(steps, object{"target": id})
	}
	tr.want(t, 201, tr.owner, http.MethodPut, executions, object{"condition": condition, "execution": object{"targets": steps}})
}

// newReviewer makes somebody who may decide about what the owner asks for: with a
// token of her own making, and not the owner's.
func (tr *traffic) newReviewer(t *testing.T) string {
	t.Helper()
	people := "/actionplane/v1/organizations/" + tr.fleet.OrganizationID + "/people"
	created := tr.want(t, 201, tr.owner, http.MethodPost, people, object{"name": "Minnie", "email": "minnie@example.com"})
	person, _ := created["person"].(object)
	id := fmt.Sprint(person["id"])
	tr.want(t, 200, tr.owner, http.MethodPut, "/actionplane/v1/instance/members/"+id, object{"roles": []string{"IAM_OWNER"}})
	given := tr.want(t, 201, tr.owner, http.MethodPost, people+"/"+id+"/tokens", object{"name": "given"})
	secret, _ := given["secret"].(string)
	own := tr.want(t, 201, secret, http.MethodPost, "/actionplane/v1/me/tokens", object{"name": "own"})
	token, _ := given["token"].(object)
	tr.want(t, 200, tr.owner, http.MethodDelete, people+"/"+id+"/tokens/"+fmt.Sprint(token["id"]), nil)
	mine, _ := own["secret"].(string)
	return mine
}

// round is some of everything. What becomes of it is not looked at: the story of
// services/allinone does that.
func (tr *traffic) round(t *testing.T, n int) {
	t.Helper()
	var calls sync.WaitGroup
	call := func(method, path string, in any) {
		calls.Go(func() { tr.do(t, tr.owner, method, path, in) })
	}
	for range 2 {
		call(http.MethodPost, "/actionplane/v1/hooks:request", object{"method": order + "Place", "payload": object{"item": "lamp"}, "deadline": "2s"})
	}
	call(http.MethodPost, "/actionplane/v1/hooks:request", object{"method": order + "Cancel", "payload": object{"item": "lamp"}})
	call(http.MethodPost, "/actionplane/v1/hooks:response", object{"method": order + "Place", "request": object{}, "payload": object{"id": "1"}})
	call(http.MethodPost, "/actionplane/v1/hooks:response", object{"method": order + "Nobody", "request": object{}, "payload": object{"id": "1"}})
	call(http.MethodPost, "/actionplane/v1/hooks:function", object{"function": "priceorder", "payload": object{"price": 40}})
	for _, kind := range []string{"order.placed", "order.shipped"} {
		call(http.MethodPost, "/actionplane/v1/events", object{"type": kind, "payload": object{"round": n}})
	}
	for _, s := range scripts {
		if !s.seldom || n%8 == 1 {
			call(http.MethodPost, "/actionplane/v1/flows/"+s.flow+"/triggers/"+s.trigger+":run",
				object{"context": object{"v1": object{"claims": object{"sub": "7"}}}, "deadline": "2s"})
		}
	}
	call(http.MethodGet, "/actionplane/v1/runs?limit=5", nil)
	call(http.MethodGet, targets+"/4711", nil)
	call(http.MethodPost, targets+"/_search", []object{})
	calls.Go(func() { tr.change(t, n) })
	calls.Wait()
}

// change asks for one that must wait; in the next round it is approved.
func (tr *traffic) change(t *testing.T, n int) {
	t.Helper()
	if n%2 == 0 {
		tr.want(t, 202, tr.owner, http.MethodPatch, targets+"/"+tr.changed, object{"name": fmt.Sprint("look ", n)})
		return
	}
	requests := "/api/v0/organizations/" + tr.fleet.OrganizationID + "/adminActions"
	list := tr.want(t, 200, tr.reviewer, http.MethodGet, requests+"?status=pending", nil)
	items, _ := list["items"].([]any)
	for _, item := range items {
		request, _ := item.(object)
		tr.want(t, 200, tr.reviewer, http.MethodPost, requests+"/"+fmt.Sprint(request["id"])+"/approve", object{})
	}
}

// want is do for calls that must be answered with a status.
func (tr *traffic) want(t *testing.T, status int, token, method, path string, in any) object {
	t.Helper()
	got, answer := tr.do(t, token, method, path, in)
	if got != status && !tr.faulty {
		t.Errorf("%s %s: status %d, want %d: %v", method, path, got, status, answer)
	}
	return answer
}

func (tr *traffic) do(t *testing.T, token, method, path string, in any) (status int, answer object) {
	t.Helper()
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			t.Error(err)
			return 0, nil
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, tr.fleet.URLs[0]+path, body)
	if err != nil {
		t.Error(err)
		return 0, nil
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return 0, nil
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Errorf("%s %s: %s: %v", method, path, resp.Status, err)
	}
	return resp.StatusCode, answer
}
