package dispatch_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/actionplane/actionplane/libs/fault"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/signature"
)

// request runs a chain for a request with payload {"n":0}.
func (h *house) request(ctx context.Context, explain bool, steps ...*targetsv1.TargetSnapshot) (*hooksv1.RunHookResponse, string, error) {
	id := h.ids.Next()
	out, err := h.hooks.RunHook(ctx, &dispatchv1.RunHookCommand{
		RunId: id, Chain: &dispatchv1.Chain{Condition: "request/pkg.Service/Method", Steps: steps},
		Trigger: &dispatchv1.RunHookCommand_Request{Request: &hooksv1.RunRequestHookRequest{
			Method: "/pkg.Service/Method", Payload: []byte(`{"n":0}`), Explain: explain, Caller: &hooksv1.Caller{UserId: "u1"},
		}},
	})
	return out, id, err
}

func outcomes(steps []*hooksv1.StepResult) string {
	var names []string
	for _, s := range steps {
		names = append(names, strings.TrimPrefix(s.GetOutcome().String(), "STEP_OUTCOME_"))
	}
	return strings.Join(names, " ")
}

func TestRunHook(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.scripts.invoke = func(in *scriptsv1.InvokeRequest) *scriptsv1.InvokeResponse {
		switch in.GetActionId() {
		case "replace":
			return &scriptsv1.InvokeResponse{Output: []byte(`{"by":"script"}`)}
		case "deny":
			return &scriptsv1.InvokeResponse{Veto: &scriptsv1.Veto{Reason: "not you"}}
		case "deny409":
			return &scriptsv1.InvokeResponse{Veto: &scriptsv1.Veto{Reason: "taken", Code: 409}}
		default:
			return &scriptsv1.InvokeResponse{Error: &scriptsv1.ScriptError{Message: "Error: bad at fn (<eval>:1:32(3))"}}
		}
	}
	h.start(t, quick())

	t.Run("PassesThePayloadFromStepToStep", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, func(n int, r received) (int, string) {
			if r.path == "/webhook" {
				return 200, `{"ignored":true}`
			}
			return 200, `{"n":` + r.path[1:] + `}`
		})
		out, id, err := h.request(t.Context(), true, target("1", url+"/1", call, false), target("2", url+"/webhook", webhook, true), target("3", url+"/3", call, false))
		if err != nil || string(out.GetPayload()) != `{"n":3}` || out.GetRunId() != id || out.GetCondition() != "request/pkg.Service/Method" {
			t.Fatalf("got %v, %v", out, err)
		}
		for _, want := range []string{`"request":{"n":0}}`, `"request":{"n":1}}`, `"request":{"n":1}}`} {
			if r := <-got; !strings.HasSuffix(r.body, want) || !strings.Contains(r.body, `"userID":"u1"`) {
				t.Errorf("body %s, want the end %s", r.body, want)
			}
		}
		s := out.GetSteps()
		if len(s) != 3 || !s[0].GetChanged() || s[1].GetChanged() || string(s[0].GetJsonPatch()) != `[{"op":"replace","path":"/n","value":1}]` || string(s[2].GetPayloadBefore()) != `{"n":1}` || string(s[2].GetPayloadAfter()) != `{"n":3}` {
			t.Errorf("steps %v", s)
		}
		eventually(t, "the run to be recorded", func() bool {
			r, err := h.runs.GetRun(t.Context(), &actionplanev1.GetRunRequest{Id: id})
			return err == nil && outcomes(r.GetRun().GetSteps()) == "SUCCEEDED SUCCEEDED SUCCEEDED" && r.GetRun().GetTriggerName() == "/pkg.Service/Method" &&
				string(r.GetRun().GetSteps()[2].GetJsonPatch()) == `[{"op":"replace","path":"/n","value":3}]`
		})
	})
	t.Run("AnAnswerThatIsNotTheMessageWipesNothing", func(t *testing.T) {
		t.Parallel()
		url, _ := receiver(t, func(_ int, r received) (int, string) {
			if r.path == "/empty" {
				return 200, `{}`
			}
			return 200, `{"ok":true}`
		})
		out, _, err := h.request(t.Context(), false, target("1", url+"/empty", call, false), target("2", url, call, false))
		if err != nil || string(out.GetPayload()) != `{"n":0,"ok":true}` || out.GetSteps()[0].GetChanged() || !out.GetSteps()[1].GetChanged() {
			t.Errorf("got %v, %v", out, err)
		}
	})
	t.Run("PassesOverFailuresThatDoNotInterrupt", func(t *testing.T) {
		t.Parallel()
		url, _ := receiver(t, func(int, received) (int, string) { return 503, "" })
		out, _, err := h.request(t.Context(), false, target("1", url, call, false), target("2", "http://192.0.2.1.invalid", webhook, false), target("3", "http://10.0.0.1", webhook, false))
		if err != nil || string(out.GetPayload()) != `{"n":0}` || outcomes(out.GetSteps()) != "FAILED FAILED FAILED" || out.GetSteps()[0].GetStatusCode() != 503 {
			t.Fatalf("got %v, %v", out, err)
		}
	})
	t.Run("EndsWhereAStepInterrupts", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, func(_ int, r received) (int, string) {
			switch r.path {
			case "/500":
				return 500, `{"forwardedErrorMessage":"not forwarded"}`
			case "/veto":
				return 200, `{"forwardedStatusCode":403,"forwardedErrorMessage":"no"}`
			case "/text":
				return 200, `hello`
			}
			return 200, ""
		})
		for _, c := range []struct {
			endpoint string
			kind     targetsv1.Kind
			code     fault.Code
			id, text string
		}{
			{url + "/500", webhook, fault.CodeFailedPrecondition, "EXEC-dra6yamk98", "500"},
			{url + "/veto", webhook, fault.CodePermissionDenied, "EXEC-reUaUZCzCp", "no"},
			{url + "/text", call, fault.CodeFailedPrecondition, "ACTION-4m9s2", ""},
			{"http://10.1.2.3/x", webhook, fault.CodeInvalid, "EXEC-N5lu09", ""},
			{"action://deny", webhook, fault.CodePermissionDenied, "EXEC-reUaUZCzCp", "not you"},
			{"action://deny409", call, fault.CodeAlreadyExists, "EXEC-reUaUZCzCp", "taken"},
			{"action://throw", call, fault.CodeFailedPrecondition, "EXEC-dra6yamk98", "Error: bad at fn (<eval>:1:32(3))"},
			{"nats://actionplane.targets.v1.rpc.get_sending_profile.x", webhook, fault.CodeInvalid, "EXEC-N5lu09", ""},
			{"nats://nobody.here", webhook, fault.CodeUnknown, "", "nobody listens"},
		} {
			_, id, err := h.request(t.Context(), false, target("1", url+"/ok", webhook, false), target("2", c.endpoint, c.kind, true), target("3", url+"/after", webhook, false))
			e, isFault := fault.As(err)
			if !isFault || e.Code != c.code || e.ID != c.id || !strings.Contains(e.Message, c.text) {
				t.Errorf("%s: got %v", c.endpoint, err)
			}
			eventually(t, "the run to be recorded", func() bool {
				r, err := h.runs.GetRun(t.Context(), &actionplanev1.GetRunRequest{Id: id})
				return err == nil && outcomes(r.GetRun().GetSteps()) == "SUCCEEDED INTERRUPTED" && r.GetRun().GetError() != ""
			})
		}
		for len(got) > 0 {
			if r := <-got; r.path == "/after" {
				t.Error("the step behind was called")
			}
		}
	})
	t.Run("DividesTheCallersTime", func(t *testing.T) {
		t.Parallel()
		hang := make(chan struct{})
		url, got := receiver(t, func(_ int, r received) (int, string) {
			if r.path == "/hang" {
				<-hang
			}
			return 200, ""
		})
		t.Cleanup(func() { close(hang) }) // before the receiver is closed, which waits
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, _, err := h.request(ctx, false, target("1", url+"/quick", webhook, true), target("2", url+"/hang", webhook, true))
		if fault.CodeOf(err) != fault.CodeDeadline { // told by the step, or by the caller's own clock when the answer is slow
			t.Fatalf("got %v", err)
		}
		told, err := time.ParseDuration((<-got).header.Get("Actionplane-Timeout-Ms") + "ms")
		if err != nil || told <= 0 || told >= 2*time.Second {
			t.Errorf("told %v, %v", told, err)
		}
	})
	t.Run("ATargetThatHangsLeavesTimeToThoseBehindIt", func(t *testing.T) {
		t.Parallel()
		hang := make(chan struct{})
		url, _ := receiver(t, func(_ int, r received) (int, string) {
			if r.path == "/hang" {
				<-hang
			}
			return 200, ""
		})
		t.Cleanup(func() { close(hang) })
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		out, _, err := h.request(ctx, false, target("1", url+"/hang", webhook, false), target("2", url+"/quick", webhook, true))
		if err != nil || outcomes(out.GetSteps()) != "FAILED SUCCEEDED" {
			t.Errorf("got %v, %v", out, err)
		}
	})
	t.Run("SignsWhatItSends", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, ok)
		if _, _, err := h.request(t.Context(), false, target("1", url, webhook, true)); err != nil {
			t.Fatal(err)
		}
		verify(t, <-got)
	})
	t.Run("MergesAFunctionsAnswers", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, func(_ int, r received) (int, string) {
			return 200, `{"claims":["` + r.path[1:] + `"],"` + r.path[1:] + `":1}`
		})
		out, err := h.hooks.RunHook(t.Context(), &dispatchv1.RunHookCommand{
			RunId: h.ids.Next(), Chain: &dispatchv1.Chain{Steps: []*targetsv1.TargetSnapshot{target("1", url+"/a", call, false), target("2", url+"/b", call, false)}},
			Trigger: &dispatchv1.RunHookCommand_Function{Function: &hooksv1.RunFunctionHookRequest{Function: "preaccesstoken", Payload: []byte(`{"user":{"id":"1"}}`)}},
		})
		if err != nil || string(out.GetPayload()) != `{"claims":["b"],"a":1,"b":1}` {
			t.Fatalf("got %s, %v", out.GetPayload(), err)
		}
		if r := <-got; r.body != `{"function":"function/preaccesstoken","user":{"id":"1"}}` {
			t.Errorf("first body %s", r.body)
		}
		if r := <-got; !strings.HasSuffix(r.body, `"response":{"claims":["a"],"a":1}}`) {
			t.Errorf("second body %s", r.body)
		}
	})
	t.Run("ChangesAResponseBesideItsRequest", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, func(int, received) (int, string) { return 200, `{"r":2}` })
		out, err := h.hooks.RunHook(t.Context(), &dispatchv1.RunHookCommand{
			RunId: h.ids.Next(), Chain: &dispatchv1.Chain{Steps: []*targetsv1.TargetSnapshot{target("1", url, call, false)}},
			Trigger: &dispatchv1.RunHookCommand_Response{Response: &hooksv1.RunResponseHookRequest{Method: "/a.B/C", Payload: []byte(`{"r":1}`), Request: []byte(`{"q":1}`)}},
		})
		if err != nil || string(out.GetPayload()) != `{"r":2}` {
			t.Fatalf("got %v, %v", out, err)
		}
		if r := <-got; !strings.Contains(r.body, `"request":{"q":1},"response":{"r":1}`) {
			t.Errorf("body %s", r.body)
		}
	})
	t.Run("RunsScriptsAndAsksTheBus", func(t *testing.T) {
		t.Parallel()
		nc, err := nats.Connect("", nats.InProcessServer(h.server.Server))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		asked := make(chan *nats.Msg, 1)
		if _, err := nc.Subscribe("orders.check", func(m *nats.Msg) {
			asked <- m
			_ = m.Respond([]byte(`{"by":"bus"}`))
		}); err != nil {
			t.Fatal(err)
		}
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
		out, _, err := h.request(t.Context(), true, target("1", "action://replace", call, true), target("2", "nats://orders.check", call, true))
		if err != nil || string(out.GetPayload()) != `{"by":"bus"}` || string(out.GetSteps()[0].GetPayloadAfter()) != `{"by":"script"}` {
			t.Fatalf("got %v, %v", out, err)
		}
		m := <-asked
		if err := signature.Verify(m.Header.Get(signature.Header), m.Data, []signature.Key{signingKey}, time.Now(), 0); err != nil {
			t.Error(err)
		}
	})
	t.Run("LeavesAsynchronousStepsToDelivery", func(t *testing.T) {
		t.Parallel()
		url, got := receiver(t, func(n int, _ received) (int, string) {
			if n == 1 {
				return 500, ""
			}
			return 200, `{"not":"used"}`
		})
		out, id, err := h.request(t.Context(), false, target("1", url, async, false))
		if err != nil || outcomes(out.GetSteps()) != "QUEUED" || string(out.GetPayload()) != `{"n":0}` {
			t.Fatalf("got %v, %v", out, err)
		}
		first, second := <-got, <-got
		if first.body != second.body || first.header.Get("webhook-id") != id+"-1" || second.header.Get("webhook-id") != id+"-1" {
			t.Errorf("got %v and %v", first, second)
		}
		r := h.settledRun(t, id)
		if s := story(r); len(s) != 1 || s[0] != "SUCCEEDED 1:retryable/500 2:succeeded/200" || outcomes(r.GetSteps()) != "QUEUED" {
			t.Errorf("got %v", s)
		}
	})
	t.Run("RefusesPayloadsThatAreNoObject", func(t *testing.T) {
		t.Parallel()
		_, err := h.hooks.RunHook(t.Context(), &dispatchv1.RunHookCommand{
			RunId: h.ids.Next(), Trigger: &dispatchv1.RunHookCommand_Request{Request: &hooksv1.RunRequestHookRequest{Method: "/a.B/C", Payload: []byte(`{},"x":1`)}},
		})
		if fault.CodeOf(err) != fault.CodeInvalid {
			t.Fatalf("got %v", err)
		}
	})
}

// verify checks the signatures by our own verifier and by another's library.
func verify(t *testing.T, r received) {
	t.Helper()
	if err := signature.Verify(r.header.Get(signature.Header), []byte(r.body), []signature.Key{signingKey}, time.Now(), 0); err != nil {
		t.Error(err)
	}
	for _, secret := range []string{signingKey, signature.StandardWebhooksSecret(signingKey)} {
		w, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Verify([]byte(r.body), r.header); err != nil {
			t.Error(err)
		}
	}
	if r.header.Get("Content-Type") != "application/json" || http.CanonicalHeaderKey(signature.Header) == "" {
		t.Errorf("header %v", r.header)
	}
}

func TestRunHook_AsyncStepFailsWithoutADatabase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	pool := h.open(t)
	h.startOn(t, quick(), pool)
	url, _ := receiver(t, ok)
	if out, _, err := h.request(t.Context(), false, target("1", url, async, false)); err != nil || outcomes(out.GetSteps()) != "QUEUED" {
		t.Fatalf("got %v, %v", out, err)
	}
	pool.Close()
	out, _, err := h.request(t.Context(), false, target("1", url, async, true), target("2", url, webhook, true))
	if err != nil || outcomes(out.GetSteps()) != "FAILED SUCCEEDED" {
		t.Fatalf("got %v, %v", out, err)
	}
}
