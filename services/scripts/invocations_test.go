package scripts_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/scripts"
)

func (h house) list(t *testing.T, change func(*actionplanev1.ListInvocationsRequest)) []*actionplanev1.Invocation {
	t.Helper()
	req := &actionplanev1.ListInvocationsRequest{}
	if change != nil {
		change(req)
	}
	out, err := h.records.ListInvocations(in(t, ours), req)
	if err != nil {
		t.Fatal(err)
	}
	return out.GetInvocations()
}

func TestInvocations(t *testing.T) {
	t.Parallel()
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }))
	t.Cleanup(outside.Close)
	h := open(t, 2, func(c *scripts.Config) {
		if err := (&c.EgressAllow).UnmarshalText([]byte("127.0.0.0/8")); err != nil {
			t.Fatal(err)
		}
	})
	secret := func(p *actionsv1.GetProgramResponse) {
		p.Version, p.Secrets = 7, map[string]string{"key": "s3cr3t-value"}
	}
	h.library.put("1", `function act(ctx) {
		const key = require("actionplane/secrets").get("key");
		console.log("calling with", key); console.error("\u0000 odd");
		require("zitadel/http").fetch(ctx.url + "/path?key=" + key);
		try { require("zitadel/http").fetch("http://169.254.169.254/") } catch (e) {}
		return {key: key.length};
	}`, secret)
	h.library.put("2", "function act() {\n\n  undefined.count }", nil)
	h.library.put("3", `function act() { for (;;) {} }`, func(p *actionsv1.GetProgramResponse) { p.Timeout = durationpb.New(50 * time.Millisecond) })
	h.library.put("4", `function act(ctx, api) { api.deny("no", 403) }`, nil)
	h.library.put("5", `function act() { const all = []; for (;;) all.push(new Array(1000).fill(1.5)) }`,
		func(p *actionsv1.GetProgramResponse) { p.Timeout = durationpb.New(15 * time.Second) }) // a busy machine fills memory slowly
	begun := time.Now()
	ids := map[string]string{}
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		ids[id] = h.invoke(t, id, `{"url":"`+outside.URL+`"}`).GetInvocationId()
	}
	for _, id := range ids {
		h.recorded(t, id)
	}

	t.Run("ShowsAllThatHappened", func(t *testing.T) {
		t.Parallel()
		e := h.recorded(t, ids["1"])
		if e.GetResult() != actionplanev1.InvocationResult_INVOCATION_RESULT_SUCCEEDED || e.GetActionId() != "1" || e.GetVersion() != 7 || e.GetRunId() != "77" ||
			e.GetOrganizationId() != ours || e.GetActionName() != "act" || e.GetFlow() != "" || e.GetError() != nil || e.GetDuration().AsDuration() <= 0 {
			t.Errorf("got %v", e)
		}
		if logs := e.GetLogs(); len(logs) != 2 || logs[0].GetMessage() != "calling with [redacted]" || logs[1].GetLevel() != "error" {
			t.Errorf("logs %v", logs)
		}
		calls := e.GetCalls()
		if len(calls) != 2 || calls[0].GetStatusCode() != 200 || calls[0].GetReceived() != 5 || !strings.HasSuffix(calls[0].GetUrl(), "/path?key=[redacted]") || calls[1].GetError() == "" {
			t.Errorf("calls %v", calls)
		}
		if strings.Contains(e.String(), "s3cr3t") {
			t.Error("a secret is recorded")
		}
	})
	t.Run("ErrorsSayWhereInTheScript", func(t *testing.T) {
		t.Parallel()
		e := h.recorded(t, ids["2"]).GetError()
		if !strings.HasPrefix(e.GetMessage(), "TypeError: Cannot read property 'count' of undefined at act (<eval>:3:") || e.GetLine() != 3 || e.GetColumn() == 0 || e.GetKind() != "thrown" {
			t.Errorf("got %v", e)
		}
	})
	t.Run("EveryEndHasItsName", func(t *testing.T) {
		t.Parallel()
		for id, want := range map[string]string{"3": "TIMED_OUT timeout", "4": "DENIED denied", "5": "KILLED memory"} {
			e := h.recorded(t, ids[id])
			if got := strings.TrimPrefix(e.GetResult().String(), "INVOCATION_RESULT_") + " " + e.GetError().GetKind(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	})
	t.Run("ListsNewestFirstWithoutLogs", func(t *testing.T) {
		t.Parallel()
		all := h.list(t, nil)
		var got []string
		for _, e := range all {
			got = append(got, e.GetActionId())
			if len(e.GetLogs()) > 0 || len(e.GetCalls()) > 0 {
				t.Error("a list has logs")
			}
		}
		if !slices.Equal(got, []string{"5", "4", "3", "2", "1"}) {
			t.Errorf("got %v", got)
		}
		var paged []string
		before := ""
		for page := h.list(t, func(r *actionplanev1.ListInvocationsRequest) { r.Limit = 2 }); len(page) > 0; {
			for _, e := range page {
				paged, before = append(paged, e.GetActionId()), e.GetId()
			}
			page = h.list(t, func(r *actionplanev1.ListInvocationsRequest) { r.Limit, r.Before = 2, before })
		}
		if !slices.Equal(paged, got) {
			t.Errorf("in pages: %v", paged)
		}
	})
	t.Run("Filters", func(t *testing.T) {
		t.Parallel()
		for name, c := range map[string]struct {
			change func(*actionplanev1.ListInvocationsRequest)
			want   int
		}{
			"Action": {func(r *actionplanev1.ListInvocationsRequest) { r.ActionId = "2" }, 1},
			"Result": {func(r *actionplanev1.ListInvocationsRequest) {
				r.Result = actionplanev1.InvocationResult_INVOCATION_RESULT_DENIED
			}, 1},
			"Run":       {func(r *actionplanev1.ListInvocationsRequest) { r.RunId = "77" }, 5},
			"OtherRun":  {func(r *actionplanev1.ListInvocationsRequest) { r.RunId = "78" }, 0},
			"Flow":      {func(r *actionplanev1.ListInvocationsRequest) { r.Flow, r.Trigger = "2", "5" }, 0},
			"From":      {func(r *actionplanev1.ListInvocationsRequest) { r.From = timestamppb.New(begun) }, 5},
			"FromLater": {func(r *actionplanev1.ListInvocationsRequest) { r.From = timestamppb.New(begun.Add(time.Hour)) }, 0},
			"To":        {func(r *actionplanev1.ListInvocationsRequest) { r.To = timestamppb.New(begun) }, 0},
			"ToFar": {func(r *actionplanev1.ListInvocationsRequest) {
				r.To = timestamppb.New(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
			}, 5},
			"FromLong": {func(r *actionplanev1.ListInvocationsRequest) {
				r.From = timestamppb.New(time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC))
			}, 5},
		} {
			if got := h.list(t, c.change); len(got) != c.want {
				t.Errorf("%s: %d, want %d", name, len(got), c.want)
			}
		}
	})
	t.Run("OthersSeeNothing", func(t *testing.T) {
		t.Parallel()
		if out, err := h.records.ListInvocations(in(t, theirs), &actionplanev1.ListInvocationsRequest{}); err != nil || len(out.GetInvocations()) != 0 {
			t.Errorf("got %v, %v", out, err)
		}
		for _, id := range []string{ids["1"], "1", "x"} {
			if _, err := h.records.GetInvocation(in(t, theirs), &actionplanev1.GetInvocationRequest{Id: id}); fault.CodeOf(err) != fault.CodeNotFound {
				t.Errorf("%s: %v", id, err)
			}
		}
	})
}

// forgetting is a house that keeps nothing for long.
func TestOldInvocationsAreForgotten(t *testing.T) {
	t.Parallel()
	h := open(t, 2, func(c *scripts.Config) {
		c.Retention, c.Sweep, c.SweepBatch = time.Millisecond, 5*time.Millisecond, 2
	})
	// An id of a year ago, as the clock has a minute's grace.
	const insert = `INSERT INTO invocations SELECT 1000 + n, 't', 'o', 'a', 'a', 1, 0, 0, '', now(), 0, 0, 0, 'succeeded', '', '', 0, 0, false, NULL, false, NULL FROM generate_series(1, 11) n`
	h.library.put("1", `function act() {}`, nil)
	kept := h.invoke(t, "1", `{}`).GetInvocationId()
	h.recorded(t, kept)
	if _, err := h.db.Exec(t.Context(), insert); err != nil {
		t.Fatal(err)
	}
	for left := -1; left != 0; {
		if err := h.db.QueryRow(t.Context(), `SELECT count(*) FROM invocations WHERE id < 2000`).Scan(&left); err != nil {
			t.Fatal(err)
		}
	}
	h.recorded(t, kept)
}

func TestScriptsRunWithoutADatabase(t *testing.T) {
	t.Parallel()
	h := open(t, 1, func(c *scripts.Config) { c.Buffer = 2 })
	h.library.put("1", `function act() { return {ran: true} }`, nil)
	if _, err := h.db.Exec(t.Context(), `ALTER TABLE invocations RENAME TO away`); err != nil {
		t.Fatal(err)
	}
	for range 20 { // far more than are kept
		if out := h.invoke(t, "1", `{}`); string(out.GetOutput()) != `{"ran":true}` {
			t.Fatalf("got %v", out)
		}
	}
	if _, err := h.records.ListInvocations(in(t, ours), &actionplanev1.ListInvocationsRequest{}); err == nil {
		t.Fatal("there is nothing to list from")
	}
	if _, err := h.db.Exec(t.Context(), `ALTER TABLE away RENAME TO invocations`); err != nil {
		t.Fatal(err)
	}
	for len(h.list(t, nil)) < 2 && t.Context().Err() == nil { // what was kept
		continue
	}
	h.recorded(t, h.invoke(t, "1", `{}`).GetInvocationId()) // it records again
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	called := false
	outside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	t.Cleanup(outside.Close)
	h := open(t, 1, func(c *scripts.Config) {
		if err := (&c.EgressAllow).UnmarshalText([]byte("127.0.0.0/8")); err != nil {
			t.Fatal(err)
		}
	})
	h.library.put("1", `function act(ctx, api) { console.log("hi"); return {got: ctx.request.a} }`, func(p *actionsv1.GetProgramResponse) {
		p.Version, p.Active, p.Secrets = 3, false, map[string]string{"key": "s3cr3t-value", "other": "t0ken"}
	})
	dry := func(t *testing.T, req *actionplanev1.DryRunActionRequest) *actionplanev1.DryRunActionResponse {
		t.Helper()
		req.Id = "1"
		out, err := h.records.DryRunAction(in(t, ours), req)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	out := dry(t, &actionplanev1.DryRunActionRequest{Input: []byte(`{"request":{"a":1}}`)})
	if string(out.GetOutput()) != `{"got":1}` || len(out.GetLogs()) != 1 || out.GetVersion() != 3 || out.GetResult() != actionplanev1.InvocationResult_INVOCATION_RESULT_SUCCEEDED {
		t.Errorf("as a target: %v", out)
	}
	if out = dry(t, &actionplanev1.DryRunActionRequest{Version: 9}); string(out.GetOutput()) != `{"version":9}` || out.GetVersion() != 9 {
		t.Errorf("a draft: %v", out)
	}
	out = dry(t, &actionplanev1.DryRunActionRequest{
		Flow: "2", Trigger: "5", Name: "other", Input: []byte(`{"v1":{"claims":{}}}`),
		Script: `function other(ctx, api) {
			const s = require("actionplane/secrets");
			api.v1.claims.setClaim("key", [...s.get("key")].reverse().join("")); api.v1.claims.setClaim("other", s.get("other"));
			try { require("zitadel/http").fetch("` + outside.URL + `") } catch (e) { api.v1.claims.setClaim("refused", true) }
		}`,
		Secrets: map[string]string{"other": "mine"},
	})
	if got := string(out.GetChanges().GetClaims()); got != `{"key":"]yek terces[","other":"mine","refused":true}` {
		t.Errorf("claims %s, %v", got, out.GetError())
	}
	if len(out.GetCalls()) != 1 || out.GetCalls()[0].GetError() == "" || called || out.GetVersion() != 0 {
		t.Errorf("calls %v", out.GetCalls())
	}
	out = dry(t, &actionplanev1.DryRunActionRequest{Script: "function act() {\n return ]"})
	if w := out.GetWarnings(); len(w) != 1 || w[0].GetSeverity() != actionplanev1.WarningSeverity_WARNING_SEVERITY_ERROR || w[0].GetLine() != 2 || out.GetError().GetKind() != "syntax" {
		t.Errorf("got %v", out)
	}
	if got := h.list(t, nil); len(got) != 0 {
		t.Errorf("recorded: %v", got)
	}
	for name, req := range map[string]*actionplanev1.DryRunActionRequest{
		"no such action": {Id: "2"}, "no such trigger": {Id: "1", Flow: "2", Trigger: "1"}, "no object": {Id: "1", Input: []byte(`1`)},
	} {
		if _, err := h.records.DryRunAction(in(t, ours), req); err == nil {
			t.Errorf("%s: it ran", name)
		}
	}
	if _, err := h.records.DryRunAction(in(t, theirs), &actionplanev1.DryRunActionRequest{Id: "1"}); fault.CodeOf(err) != fault.CodeNotFound {
		t.Errorf("another organization's: %v", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	h := open(t, 1, nil)
	for script, want := range map[string]scriptsv1.Severity{
		`function act() {}`: 0, `function other() {}`: scriptsv1.Severity_SEVERITY_ERROR, `function act( {`: scriptsv1.Severity_SEVERITY_ERROR,
		`require("fs"); function act() {}`: scriptsv1.Severity_SEVERITY_WARNING,
	} {
		out, err := h.checks.Check(t.Context(), &scriptsv1.CheckRequest{Name: "act", Script: script})
		if err != nil || (want == 0) != (len(out.GetWarnings()) == 0) || (want != 0 && out.GetWarnings()[0].GetSeverity() != want) {
			t.Errorf("%s: %v, %v", script, out, err)
		}
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	h := open(t, 1, nil)
	out, err := h.records.GetTypes(in(t, ours), &actionplanev1.GetTypesRequest{})
	if err != nil || len(out.GetFiles()) != 4 || !strings.Contains(out.GetFiles()[0].GetContent(), "ctx") {
		t.Errorf("got %v, %v", out, err)
	}
}
