package scripts_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	flowsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/flows/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

func named(name string) func(*actionsv1.GetProgramResponse) {
	return func(p *actionsv1.GetProgramResponse) { p.Name = name }
}

func TestRunTrigger(t *testing.T) {
	t.Parallel()
	h := open(t, 2, nil)
	h.library.put("1", `function tier(ctx, api) { api.v1.claims.setClaim("tier", "gold"); api.v1.claims.setClaim("sub", "x") }`, named("tier"))
	h.library.put("2", `function shout(ctx, api) {
		api.v1.claims.setClaim("loud", ctx.v1.claims.tier + "!");
		api.v1.claims.setClaim("tier", "lead");
		api.v1.user.setMetadata("seen", {n: 12345678901234567890n > 0, at: ctx.v1.getUser().id});
	}`, named("shout"))
	h.library.put("3", `function flaky(ctx, api) { api.v1.claims.setClaim("half", 1); throw new Error("not today") }`, func(p *actionsv1.GetProgramResponse) {
		p.Name, p.AllowedToFail = "flaky", true
	})
	h.library.put("4", "\nfunction err() {\n  throw \"some error\";\n}", named("err"))
	h.library.put("5", `function no(ctx, api) { api.deny("come back tomorrow", 429) }`, named("no"))
	h.library.put("6", `function loop() { for (;;) {} }`, func(p *actionsv1.GetProgramResponse) {
		p.Name, p.Timeout = "loop", durationpb.New(50*time.Millisecond)
	})
	h.library.put("7", `function register(ctx, api) { api.setFirstName("Ada"); api.setEmailVerified(true); api.v1.user.appendMetadata("from", "idp") }`, named("register"))
	h.library.put("8", `function grant(ctx, api) { api.userGrants.push({projectID: "9", roles: ["viewer"]}) }`, named("grant"))
	h.library.put("9", `function attribute(ctx, api) { api.v1.attributes.setCustomAttribute("team", "basic", "a", "b") }`, named("attribute"))
	h.library.put("10", `function off() { throw 1 }`, func(p *actionsv1.GetProgramResponse) { p.Name, p.Active = "off", false })
	h.library.bind(ours, "2/5", "1", "10", "3", "2")
	h.library.bind(ours, "2/4", "1", "4", "2")
	h.library.bind(ours, "1/1", "5")
	h.library.bind(ours, "3/1", "6")
	h.library.bind(ours, "1/2", "7")
	h.library.bind(ours, "1/3", "8")
	h.library.bind(ours, "4/6", "9")

	t.Run("ActionsShareWhatTheyChange", func(t *testing.T) {
		t.Parallel()
		out, err := h.run(t, "2/5", `{"v1":{"claims":{"sub":"1"},"user":{"id":"42"}}}`)
		if err != nil {
			t.Fatal(err)
		}
		c := out.GetChanges()
		if got := string(c.GetClaims()); got != `{"half":1,"loud":"gold!","tier":"gold"}` {
			t.Errorf("claims %s", got)
		}
		if got := string(c.GetLogClaims()); !strings.Contains(got, `"urn:zitadel:iam:action:tier:log":["key \"sub\" already exists"]`) ||
			!strings.Contains(got, `"urn:zitadel:iam:action:shout:log":["key \"tier\" already exists"]`) {
			t.Errorf("log claims %s", got)
		}
		if m := c.GetMetadata(); len(m) != 1 || m[0].GetKey() != "seen" || string(m[0].GetValue()) != `{"n":true,"at":"42"}` || !m[0].GetImmediate() {
			t.Errorf("metadata %v", m)
		}
		checkActions(t, out.GetActions(), "tier SUCCEEDED", "off SKIPPED", "flaky FAILED Error: not today at flaky (<eval>:1:", "shout SUCCEEDED")
		if e := h.recorded(t, out.GetActions()[2].GetInvocationId()); e.GetFlow() != "2" || e.GetTrigger() != "5" || e.GetRunId() != out.GetRunId() ||
			!e.GetAllowedToFail() || e.GetResult() != actionplanev1.InvocationResult_INVOCATION_RESULT_FAILED || e.GetError().GetLine() != 1 {
			t.Errorf("recorded %v", e)
		}
	})
	t.Run("AFailureNamesTheActionAndHasItsText", func(t *testing.T) {
		t.Parallel()
		_, err := h.run(t, "2/4", `{}`)
		f, _ := fault.As(err)
		if f == nil || f.Code != fault.CodeFailedPrecondition || f.ID != "SCRIPTS-f41l3d" || !strings.HasPrefix(f.Message, `action "err" failed: some error at err (<eval>:3:`) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ADenialIsTheAnswer", func(t *testing.T) {
		t.Parallel()
		_, err := h.run(t, "1/1", `{}`)
		if f, _ := fault.As(err); f == nil || f.Code != fault.CodeExhausted || f.ID != "EXEC-reUaUZCzCp" || f.Message != "come back tomorrow" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("AnEndlessScriptIsAFailure", func(t *testing.T) {
		t.Parallel()
		_, err := h.run(t, "3/1", `{}`)
		if f, _ := fault.As(err); f == nil || f.ID != "SCRIPTS-f41l3d" || !strings.HasPrefix(f.Message, `action "loop" failed: interrupt`) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("TheCallersTimeBoundsAll", func(t *testing.T) {
		t.Parallel()
		_, err := h.flows.RunTrigger(in(t, ours), &flowsv1.RunTriggerRequest{Flow: "3", Trigger: "1", Deadline: durationpb.New(10 * time.Millisecond)})
		if code := fault.CodeOf(err); code != fault.CodeFailedPrecondition && code != fault.CodeDeadline { // as a worker was free in time or not
			t.Errorf("got %v", err)
		}
	})
	t.Run("OtherTriggersAnswerWhatTheyAreFor", func(t *testing.T) {
		t.Parallel()
		out, err := h.run(t, "1/2", `{"v1":{"user":{"human":{"email":"a@b.c"}}}}`)
		if u := string(out.GetChanges().GetUser()); err != nil || !strings.Contains(u, `"firstName":"Ada"`) || !strings.Contains(u, `"isEmailVerified":true`) ||
			len(out.GetChanges().GetMetadata()) != 1 || out.GetChanges().GetMetadata()[0].GetImmediate() {
			t.Errorf("got %v, %v", out, err)
		}
		if out, err = h.run(t, "1/3", ``); err != nil || len(out.GetChanges().GetUserGrants()) != 1 || out.GetChanges().GetUserGrants()[0].GetProjectId() != "9" {
			t.Errorf("got %v, %v", out, err)
		}
		if out, err = h.run(t, "4/6", `{}`); err != nil || len(out.GetChanges().GetAttributes()) != 1 || len(out.GetChanges().GetAttributes()[0].GetValues()) != 2 {
			t.Errorf("got %v, %v", out, err)
		}
	})
	t.Run("NothingBoundChangesNothing", func(t *testing.T) {
		t.Parallel()
		out, err := h.run(t, "3/2", `{}`)
		if err != nil || out.GetRunId() != "" || out.GetChanges() != nil || len(out.GetActions()) != 0 {
			t.Errorf("got %v, %v", out, err)
		}
	})
	t.Run("TheOrganizationThatIsNamedCounts", func(t *testing.T) {
		t.Parallel()
		for organization, want := range map[string]int{ours: 1, theirs: 0} {
			out, err := h.flows.RunTrigger(in(t, theirs), &flowsv1.RunTriggerRequest{Flow: "FLOW_TYPE_EXTERNAL_AUTHENTICATION", Trigger: "TRIGGER_TYPE_POST_CREATION", OrganizationId: organization})
			if err != nil || len(out.GetActions()) != want {
				t.Errorf("%s: %v, %v", organization, out, err)
			}
		}
		_, err := h.flows.RunTrigger(t.Context(), &flowsv1.RunTriggerRequest{Flow: "1", Trigger: "1"})
		if fault.CodeOf(err) != fault.CodeInvalid {
			t.Errorf("no organization: %v", err)
		}
	})
	t.Run("WhatCannotRunIsRefused", func(t *testing.T) {
		t.Parallel()
		for trigger, want := range map[string]string{"5/1": "MANAG-P2OBk", "2/1": "COMMAND-Dfgh6"} {
			if _, err := h.run(t, trigger, `{}`); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", trigger, err)
			}
		}
		for _, input := range []string{`[]`, `{`, `null`, `{"a":1} x`} {
			if _, err := h.run(t, "2/5", input); fault.CodeOf(err) != fault.CodeInvalid {
				t.Errorf("%s: %v", input, err)
			}
		}
	})
}

func checkActions(t *testing.T, got []*flowsv1.ActionResult, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d actions, want %d", len(got), len(want))
	}
	for i, a := range got {
		text := strings.TrimSpace(a.GetActionName() + " " + strings.TrimPrefix(a.GetOutcome().String(), "ACTION_OUTCOME_") + " " + a.GetError())
		if !strings.HasPrefix(text, want[i]) || (a.GetInvocationId() == "") != strings.HasSuffix(text, "SKIPPED") {
			t.Errorf("action %d: %s, invocation %q; want %s", i, text, a.GetInvocationId(), want[i])
		}
	}
}

func TestAChangedFlowIsForgotten(t *testing.T) {
	t.Parallel()
	h := open(t, 1, nil)
	h.library.put("1", `function act(ctx, api) { api.v1.claims.setClaim("a", 1) }`, nil)
	shows := func(want string) bool {
		out, err := h.run(t, "2/4", `{}`)
		if err != nil {
			t.Fatal(err)
		}
		return string(out.GetChanges().GetClaims()) == want
	}
	if !shows("") {
		t.Fatal("nothing is bound yet")
	}
	h.library.bind(ours, "2/4", "1")
	h.changed(t, &changesv1.Change{Resource: "flow", Id: "2", OrganizationId: ours})
	for !shows(`{"a":1}`) {
		if t.Context().Err() != nil {
			t.Fatal("the old flow goes on running")
		}
	}
	h.library.put("1", `function act(ctx, api) { api.v1.claims.setClaim("a", 2) }`, nil)
	h.changed(t, &changesv1.Change{Resource: "action", OrganizationId: ours}) // its secrets
	for !shows(`{"a":2}`) {
		if t.Context().Err() != nil {
			t.Fatal("the old action goes on running")
		}
	}
}
