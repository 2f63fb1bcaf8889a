package scripts_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
)

func TestInvoke(t *testing.T) {
	t.Parallel()
	b := open(t, 1, nil)
	b.library.put("1", `function act(ctx, api) { require("zitadel/log").warn("saw %s", ctx.request.a); return {...ctx.request, b: 2}; }`, nil)
	b.library.put("2", `function act() { throw new Error("bad"); }`, nil)
	b.library.put("3", `function act() { for (;;) {} }`, func(p *actionsv1.GetProgramResponse) { p.Timeout = durationpb.New(50 * time.Millisecond) })
	b.library.put("4", `function act(ctx, api) { api.deny("not on Sundays", 403); }`, nil)
	b.library.put("5", `function act() { return {} }`, func(p *actionsv1.GetProgramResponse) { p.Active = false })
	b.library.put("6", `function act() { throw "x" }`, func(p *actionsv1.GetProgramResponse) { p.AllowedToFail = true })

	t.Run("ReplacesThePayloadAndLogs", func(t *testing.T) {
		t.Parallel()
		out := b.invoke(t, "1", `{"request":{"a":12345678901234567890}}`)
		if string(out.GetOutput()) != `{"a":12345678901234567890,"b":2}` {
			t.Fatalf("got %s, %v", out.GetOutput(), out.GetError())
		}
		if len(out.GetLogs()) != 1 || out.GetLogs()[0].GetLevel() != "warn" || !strings.HasPrefix(out.GetLogs()[0].GetMessage(), "saw ") {
			t.Fatalf("logs %v", out.GetLogs())
		}
	})
	t.Run("AScriptsFailureIsPartOfTheAnswer", func(t *testing.T) {
		t.Parallel()
		if got := b.invoke(t, "2", `{}`).GetError(); !strings.HasPrefix(got.GetMessage(), "Error: bad at act (<eval>:1:") || got.GetTimeout() {
			t.Fatalf("got %v", got)
		}
	})
	t.Run("AnEndlessScriptIsEndedAtItsTimeout", func(t *testing.T) {
		t.Parallel()
		if got := b.invoke(t, "3", `{}`).GetError(); !got.GetTimeout() {
			t.Fatalf("got %v", got)
		}
	})
	t.Run("AScriptMayRefuse", func(t *testing.T) {
		t.Parallel()
		if got := b.invoke(t, "4", `{}`).GetVeto(); got.GetReason() != "not on Sundays" || got.GetCode() != 403 {
			t.Fatalf("got %v", got)
		}
	})
	t.Run("InactiveAndAllowedToFailChangeNothing", func(t *testing.T) {
		t.Parallel()
		for _, id := range []string{"5", "6"} {
			if got := b.invoke(t, id, `{}`); len(got.GetOutput()) > 0 || got.GetError() != nil || got.GetVeto() != nil {
				t.Fatalf("action %s: got %v", id, got)
			}
		}
	})
	t.Run("AnUnknownActionIsNotFound", func(t *testing.T) {
		t.Parallel()
		_, err := b.client.Invoke(t.Context(), &scriptsv1.InvokeRequest{ActionId: "7", Input: []byte(`{}`)})
		if fault.CodeOf(err) != fault.CodeNotFound {
			t.Fatalf("got %v", err)
		}
	})
}

func TestAChangedActionIsForgotten(t *testing.T) {
	t.Parallel()
	b := open(t, 1, nil)
	b.library.put("1", `function act() { return {version: 1} }`, nil)
	for range 3 {
		if got := b.invoke(t, "1", `{}`).GetOutput(); string(got) != `{"version":1}` {
			t.Fatalf("got %s", got)
		}
	}
	if n := b.library.count(); n > 2 { // once more at the most, when the feed opened in between
		t.Fatalf("actions was asked %d times for one program", n)
	}
	b.library.put("1", `function act() { return {version: 2} }`, nil)
	b.changed(t, &changesv1.Change{Resource: "action", Id: "1", OrganizationId: ours})
	for string(b.invoke(t, "1", `{}`).GetOutput()) != `{"version":2}` {
		if t.Context().Err() != nil {
			t.Fatal("the old program goes on running")
		}
	}
}
