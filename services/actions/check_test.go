package actions_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
)

// checker stands for the scripts service.
type checker func(ctx context.Context, in *scriptsv1.CheckRequest) (*scriptsv1.CheckResponse, error)

func (c checker) Check(ctx context.Context, in *scriptsv1.CheckRequest) (*scriptsv1.CheckResponse, error) {
	return c(ctx, in)
}

// startChecker runs a checker beside the house.
func (h *house) startChecker(t *testing.T, c checker) {
	t.Helper()
	conn := h.bus.Connect(t, "scripts")
	server := conn.NewServer(bus.ServerConfig{})
	scriptsv1.RegisterScriptsChecksServer(server, c)
	bustest.Run(t, server.Run)
}

// version returns a version of an action without what differs each time.
func (h *house) version(ctx context.Context, t *testing.T, id string, number uint32) *actionplanev1.ActionVersion {
	t.Helper()
	out, err := h.own.GetVersion(ctx, &actionplanev1.GetVersionRequest{Id: id, Version: number})
	if err != nil {
		t.Fatal(err)
	}
	return out.GetVersion()
}

func TestCheckWarnsAndNeverRefuses(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.CheckTimeout = 5 * time.Second
	var log record
	h := openWith(t, cfg, slog.NewJSONHandler(&log, nil))
	h.startChecker(t, func(_ context.Context, in *scriptsv1.CheckRequest) (*scriptsv1.CheckResponse, error) {
		out := &scriptsv1.CheckResponse{}
		if in.GetScript() == "broken" {
			out.Warnings = []*scriptsv1.Warning{
				{Severity: scriptsv1.Severity_SEVERITY_ERROR, Message: "SyntaxError", Line: 1, Column: 26},
				{Severity: scriptsv1.Severity_SEVERITY_WARNING, Message: "no function " + in.GetName()},
			}
		}
		return out, nil
	})
	ctx := someone(t)
	created, err := h.CreateAction(ctx, &managementv1.CreateActionRequest{Name: "a", Script: "broken"})
	if err != nil {
		t.Fatal(err)
	}
	id := created.GetId()
	want := []*actionplanev1.ScriptWarning{
		{Severity: actionplanev1.WarningSeverity_WARNING_SEVERITY_ERROR, Message: "SyntaxError", Line: 1, Column: 26},
		{Severity: actionplanev1.WarningSeverity_WARNING_SEVERITY_WARNING, Message: "no function a"},
	}
	h.mustDraft(ctx, t, id, "a", "broken")
	if _, err := h.UpdateAction(ctx, &managementv1.UpdateActionRequest{Id: id, Name: "a", Script: "fine"}); err != nil {
		t.Fatal(err)
	}
	list, err := h.own.ListVersions(ctx, &actionplanev1.ListVersionsRequest{Id: id})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range list.GetVersions() {
		wanted := want
		if v.GetVersion() == 3 {
			wanted = nil
		}
		for _, shown := range []*actionplanev1.ActionVersion{v, h.version(ctx, t, id, v.GetVersion())} {
			if !shown.GetChecked() || !sameWarnings(shown.GetWarnings(), wanted) {
				t.Errorf("version %d: got %v", v.GetVersion(), shown)
			}
		}
	}
	if got := log.String(); strings.Count(got, "actions.script_looks_wrong") != 2 || !strings.Contains(got, "SyntaxError") {
		t.Errorf("logged: %s", got)
	}
}

func TestScriptsThatNobodyCanCheckAreSaved(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.CheckTimeout = 50 * time.Millisecond
	for name, scripts := range map[string]checker{
		"Away": nil,
		"Slow": func(ctx context.Context, _ *scriptsv1.CheckRequest) (*scriptsv1.CheckResponse, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openWith(t, cfg, slog.DiscardHandler)
			if scripts != nil {
				h.startChecker(t, scripts)
			}
			ctx := someone(t)
			if v := h.version(ctx, t, h.mustCreate(ctx, t, "a"), 1); v.GetChecked() || len(v.GetWarnings()) != 0 {
				t.Errorf("got %v", v)
			}
		})
	}
}

func sameWarnings(a, b []*actionplanev1.ScriptWarning) bool {
	return proto.Equal(&actionplanev1.ActionVersion{Warnings: a}, &actionplanev1.ActionVersion{Warnings: b})
}
