package actions_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	actionv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v1"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
)

const (
	draft      = actionplanev1.VersionState_VERSION_STATE_DRAFT
	published  = actionplanev1.VersionState_VERSION_STATE_PUBLISHED
	superseded = actionplanev1.VersionState_VERSION_STATE_SUPERSEDED
)

// mustDraft returns a new draft.
func (h *house) mustDraft(ctx context.Context, t *testing.T, id, name, script string) *actionplanev1.ActionVersion {
	t.Helper()
	out, err := h.own.SaveDraft(ctx, &actionplanev1.SaveDraftRequest{Id: id, Name: name, Script: script, Note: "note of " + script})
	if err != nil {
		t.Fatal(err)
	}
	return out.GetVersion()
}

func (h *house) publish(ctx context.Context, id string, version uint32) error {
	_, err := h.own.PublishVersion(ctx, &actionplanev1.PublishVersionRequest{Id: id, Version: version})
	return err
}

func (h *house) rollback(ctx context.Context, id string, version uint32) error {
	_, err := h.own.Rollback(ctx, &actionplanev1.RollbackRequest{Id: id, Version: version})
	return err
}

func (h *house) discard(ctx context.Context, id string, version uint32) error {
	_, err := h.own.DiscardDraft(ctx, &actionplanev1.DiscardDraftRequest{Id: id, Version: version})
	return err
}

// mustGet returns an action.
func (h *house) mustGet(ctx context.Context, t *testing.T, id string) *actionv1.Action {
	t.Helper()
	out, err := h.GetAction(ctx, &managementv1.GetActionRequest{Id: id})
	if err != nil {
		t.Fatal(err)
	}
	return out.GetAction()
}

// history prints an action's versions, newest first: "3 draft, 2 published, …".
func (h *house) history(ctx context.Context, t *testing.T, id string) string {
	t.Helper()
	out, err := h.own.ListVersions(ctx, &actionplanev1.ListVersionsRequest{Id: id, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, v := range out.GetVersions() {
		lines = append(lines, fmt.Sprintf("%d %s", v.GetVersion(), strings.ToLower(strings.TrimPrefix(v.GetState().String(), "VERSION_STATE_"))))
	}
	return strings.Join(lines, ", ")
}

func TestVersions(t *testing.T) {
	t.Parallel()
	h := open(t)

	t.Run("ADraftChangesNothingUntilItIsPublished", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		id := h.mustCreate(ctx, t, "a")
		before := h.mustGet(ctx, t, id)
		saved, err := h.own.SaveDraft(ctx, &actionplanev1.SaveDraftRequest{
			Id: id, Name: "b", Script: "new", Timeout: durationpb.New(time.Second), AllowedToFail: true, Note: "faster",
		})
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte("new"))
		want := &actionplanev1.ActionVersion{
			ActionId: id, Version: 2, State: draft, Name: "b", Sha256: hex.EncodeToString(sum[:]), Timeout: durationpb.New(time.Second),
			AllowedToFail: true, Note: "faster", CreatedAt: saved.GetVersion().GetCreatedAt(), CreatedBy: "p",
		}
		if !proto.Equal(saved.GetVersion(), want) || want.GetCreatedAt() == nil {
			t.Errorf("got %v\nwant %v", saved, want)
		}
		if got := h.mustGet(ctx, t, id); !proto.Equal(got, before) {
			t.Errorf("the draft changed the action: %v\nwas %v", got, before)
		}
		run, err := h.own.PublishVersion(ctx, &actionplanev1.PublishVersionRequest{Id: id, Version: 2})
		if err != nil {
			t.Fatal(err)
		}
		want.State, want.PublishedBy, want.PublishedAt = published, "p", run.GetVersion().GetPublishedAt()
		if !proto.Equal(run.GetVersion(), want) || want.GetPublishedAt() == nil {
			t.Errorf("got %v\nwant %v", run, want)
		}
		after := h.mustGet(ctx, t, id)
		if after.GetName() != "b" || after.GetScript() != "new" || after.GetTimeout().AsDuration() != time.Second || !after.GetAllowedToFail() || after.GetDetails().GetSequence() != 2 {
			t.Errorf("got %v", after)
		}
		if got := h.history(ctx, t, id); got != "2 published, 1 superseded" {
			t.Errorf("got %s", got)
		}
		want.Script = "new"
		if got, err := h.own.GetVersion(ctx, &actionplanev1.GetVersionRequest{Id: id, Version: 2}); err != nil || !proto.Equal(got.GetVersion(), want) {
			t.Errorf("got %v, %v\nwant %v", got, err, want)
		}
	})
	t.Run("UpdatingMakesAVersionThatRunsAtOnceAndRollingBackKeepsIt", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		id := h.mustCreate(ctx, t, "a")
		first := h.mustGet(ctx, t, id)
		if _, err := h.UpdateAction(ctx, &managementv1.UpdateActionRequest{Id: id, Name: "b", Script: first.GetScript()}); err != nil {
			t.Fatal(err)
		}
		if err := h.rollback(ctx, id, 1); err != nil {
			t.Fatal(err)
		}
		if got := h.history(ctx, t, id); got != "2 superseded, 1 published" {
			t.Errorf("got %s", got)
		}
		if got := h.mustGet(ctx, t, id); got.GetName() != "a" || got.GetDetails().GetSequence() != 3 {
			t.Errorf("got %v", got)
		}
		if err := h.rollback(ctx, id, 2); err != nil || h.mustGet(ctx, t, id).GetName() != "b" {
			t.Errorf("it does not go forward again: %v", err)
		}
	})
	t.Run("WhatCannotHappenIsRefused", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		id := h.mustCreate(ctx, t, "a")
		h.mustDraft(ctx, t, id, "taken", "x")
		h.mustCreate(ctx, t, "TAKEN")
		wantVerdict(t, "publish what runs", h.publish(ctx, id, 1), fault.CodeFailedPrecondition, "ACTIONS-n0tdr4ft")
		wantVerdict(t, "discard what runs", h.discard(ctx, id, 1), fault.CodeFailedPrecondition, "ACTIONS-n0tdr4ft")
		wantVerdict(t, "roll back to what runs", h.rollback(ctx, id, 1), fault.CodeFailedPrecondition, "ACTIONS-n0th1st0ry")
		wantVerdict(t, "roll back to a draft", h.rollback(ctx, id, 2), fault.CodeFailedPrecondition, "ACTIONS-n0th1st0ry")
		wantVerdict(t, "publish a taken name", h.publish(ctx, id, 2), fault.CodeAlreadyExists, "V3-DKcYh")
		for _, unknown := range []uint32{0, 3, 1<<32 - 1} {
			for what, do := range map[string]func(context.Context, string, uint32) error{"publish": h.publish, "rollback": h.rollback, "discard": h.discard} {
				wantVerdict(t, what, do(ctx, id, unknown), fault.CodeNotFound, "ACTIONS-n0v3rs10n")
				wantVerdict(t, what+" of nothing", do(ctx, "4711", unknown), fault.CodeNotFound, "COMMAND-Sfg2t")
				wantVerdict(t, what+" of somebody else's", do(someone(t), id, 2), fault.CodeNotFound, "COMMAND-Sfg2t")
			}
			_, err := h.own.GetVersion(ctx, &actionplanev1.GetVersionRequest{Id: id, Version: unknown})
			wantVerdict(t, "get", err, fault.CodeNotFound, "ACTIONS-n0v3rs10n")
		}
		_, err := h.own.GetVersion(someone(t), &actionplanev1.GetVersionRequest{Id: id, Version: 1})
		wantVerdict(t, "get somebody else's", err, fault.CodeNotFound, "QUERY-GEfnb")
		_, err = h.own.ListVersions(someone(t), &actionplanev1.ListVersionsRequest{Id: id})
		wantVerdict(t, "list somebody else's", err, fault.CodeNotFound, "QUERY-GEfnb")
		_, err = h.own.SaveDraft(someone(t), &actionplanev1.SaveDraftRequest{Id: id, Name: "x", Script: "x"})
		wantVerdict(t, "save somebody else's", err, fault.CodeNotFound, "COMMAND-Sfg2t")
		_, err = h.own.SaveDraft(ctx, &actionplanev1.SaveDraftRequest{Id: id, Name: "a\x00", Script: "x"})
		wantVerdict(t, "save NUL", err, fault.CodeInvalid, "COMMAND-Df2f3")
		_, err = h.own.SaveDraft(ctx, &actionplanev1.SaveDraftRequest{Id: id, Name: "a", Script: "x", Note: "\x00"})
		wantVerdict(t, "note NUL", err, fault.CodeInvalid, "")
	})
	t.Run("NumbersAreNotGivenTwice", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		id := h.mustCreate(ctx, t, "a")
		discarded := h.mustDraft(ctx, t, id, "a", "x").GetVersion()
		if err := h.discard(ctx, id, discarded); err != nil {
			t.Fatal(err)
		}
		if next := h.mustDraft(ctx, t, id, "a", "y").GetVersion(); next != discarded+1 {
			t.Errorf("after %d came %d", discarded, next)
		}
	})
	t.Run("PagesGoDownByNumber", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		id := h.mustCreate(ctx, t, "a")
		for range 24 {
			h.mustDraft(ctx, t, id, "a", "x")
		}
		var seen []uint32
		for before := uint32(0); ; {
			out, err := h.own.ListVersions(ctx, &actionplanev1.ListVersionsRequest{Id: id, Before: before})
			if err != nil || out.GetTotal() != 25 || len(out.GetVersions()) > 20 {
				t.Fatalf("got %v, %v", out, err)
			}
			if len(out.GetVersions()) == 0 {
				break
			}
			for _, v := range out.GetVersions() {
				seen = append(seen, v.GetVersion())
			}
			before = seen[len(seen)-1]
		}
		for i, v := range seen {
			if v != uint32(25-i) {
				t.Fatalf("got %v", seen)
			}
		}
	})
	t.Run("DryRunsGetTheVersionTheyAskFor", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		id := h.mustCreate(ctx, t, "a")
		h.mustDraft(ctx, t, id, "b", "draft of b")
		sum := sha256.Sum256([]byte("draft of b"))
		got, err := h.programs.GetProgram(ctx, &actionsv1.GetProgramRequest{ActionId: id, Version: 2})
		if err != nil || got.GetName() != "b" || got.GetScript() != "draft of b" || got.GetVersion() != 2 || string(got.GetSha256()) != string(sum[:]) || !got.GetActive() {
			t.Errorf("got %v, %v", got, err)
		}
		if got, err := h.programs.GetProgram(ctx, &actionsv1.GetProgramRequest{ActionId: id}); err != nil || got.GetName() != "a" || got.GetVersion() != 1 {
			t.Errorf("got %v, %v", got, err)
		}
		_, err = h.programs.GetProgram(ctx, &actionsv1.GetProgramRequest{ActionId: id, Version: 3})
		wantVerdict(t, "no such version", err, fault.CodeNotFound, "ACTIONS-n0v3rs10n")
	})
}

// TestOldVersionsGo keeps three versions, of which one runs.
func TestOldVersionsGo(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.MaxVersions = 3
	h := openWith(t, cfg, slog.DiscardHandler)
	ctx := someone(t)
	id := h.mustCreate(ctx, t, "a")
	for range 4 {
		h.mustDraft(ctx, t, id, "a", "x")
	}
	if got := h.history(ctx, t, id); got != "5 draft, 4 draft, 1 published" {
		t.Errorf("got %s", got)
	}
	for _, script := range []string{"6", "7"} {
		if _, err := h.UpdateAction(ctx, &managementv1.UpdateActionRequest{Id: id, Name: "a", Script: script}); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.history(ctx, t, id); got != "7 published, 6 superseded, 5 draft" {
		t.Errorf("got %s", got)
	}
}

// TestConcurrentPublications sends to two replicas.
func TestConcurrentPublications(t *testing.T) {
	t.Parallel()
	h := open(t)
	const callers = 8

	t.Run("OfOneDraftOneWins", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		id := h.mustCreate(ctx, t, "a")
		h.mustDraft(ctx, t, id, "a", "x")
		results := make(chan error, callers)
		for range callers {
			go func() { results <- h.publish(ctx, id, 2) }()
		}
		won := 0
		for range callers {
			if err := <-results; err == nil {
				won++
			} else {
				wantVerdict(t, "loser", err, fault.CodeFailedPrecondition, "ACTIONS-n0tdr4ft")
			}
		}
		if got := h.mustGet(ctx, t, id); won != 1 || got.GetScript() != "x" || got.GetDetails().GetSequence() != 2 {
			t.Errorf("%d won: %v", won, got)
		}
	})
	t.Run("OfDifferentVersionsTheLastRunsAsAWhole", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		id := h.mustCreate(ctx, t, "a")
		for i := range callers {
			h.mustDraft(ctx, t, id, fmt.Sprintf("n%d", i), fmt.Sprintf("s%d", i))
		}
		results := make(chan error, 2*callers)
		for i := range callers {
			go func() { results <- h.publish(ctx, id, uint32(i+2)) }()
			go func() {
				_, err := h.UpdateAction(ctx, &managementv1.UpdateActionRequest{Id: id, Name: fmt.Sprintf("nu%d", i), Script: fmt.Sprintf("su%d", i)})
				results <- err
			}()
		}
		for range 2 * callers {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		got := h.mustGet(ctx, t, id)
		if strings.TrimPrefix(got.GetName(), "n") != strings.TrimPrefix(got.GetScript(), "s") || got.GetDetails().GetSequence() != 1+2*callers {
			t.Errorf("torn: %v", got)
		}
		history := h.history(ctx, t, id)
		if strings.Count(history, "published") != 1 || strings.Count(history, "superseded") != 2*callers || strings.Contains(history, "draft") {
			t.Errorf("got %s", history)
		}
	})
}
