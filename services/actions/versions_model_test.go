package actions_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
)

// modelVersion is a version in the slow, obvious model.
type modelVersion struct {
	number uint32
	script string
	state  actionplanev1.VersionState
}

// history is an action's versions, oldest first.
type history struct {
	versions []*modelVersion
	latest   uint32
	keep     int
}

func (m *history) find(number uint32) *modelVersion {
	for _, v := range m.versions {
		if v.number == number {
			return v
		}
	}
	return nil
}

func (m *history) running() *modelVersion {
	i := slices.IndexFunc(m.versions, func(v *modelVersion) bool { return v.state == published })
	return m.versions[i]
}

// add saves a draft, and forgets the oldest that does not run.
func (m *history) add(script string) *modelVersion {
	m.latest++
	v := &modelVersion{number: m.latest, script: script, state: draft}
	m.versions = append(m.versions, v)
	return v
}

func (m *history) prune() {
	for len(m.versions) > m.keep {
		i := slices.IndexFunc(m.versions, func(v *modelVersion) bool { return v.state != published })
		m.versions = slices.Delete(m.versions, i, i+1)
	}
}

func (m *history) run(v *modelVersion) {
	m.running().state = superseded
	v.state = published
}

// happen does to a version what is asked, where its state is right for it.
func (m *history) happen(number uint32, in actionplanev1.VersionState, refused string, do func(*modelVersion)) verdict {
	v := m.find(number)
	switch {
	case v == nil:
		return verdict{fault.CodeNotFound, "ACTIONS-n0v3rs10n"}
	case v.state != in:
		return verdict{fault.CodeFailedPrecondition, refused}
	}
	do(v)
	return ok
}

func (m *history) lines() (lines []string) {
	for _, v := range slices.Backward(m.versions) {
		lines = append(lines, fmt.Sprintf("%d %s %s", v.number, v.state, v.script))
	}
	return append(lines, "runs "+m.running().script)
}

// versionLines prints an action's versions as the service shows them.
func (h *house) versionLines(ctx context.Context, t *rapid.T, id string) (lines []string) {
	list, err := h.own.ListVersions(ctx, &actionplanev1.ListVersionsRequest{Id: id, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range list.GetVersions() {
		got, err := h.own.GetVersion(ctx, &actionplanev1.GetVersionRequest{Id: id, Version: v.GetVersion()})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%d %s %s", v.GetVersion(), v.GetState(), got.GetVersion().GetScript()))
	}
	p, err := h.programs.GetProgram(ctx, &actionsv1.GetProgramRequest{ActionId: id})
	if err != nil {
		t.Fatal(err)
	}
	return append(lines, "runs "+p.GetScript())
}

func TestVersionsLikeAModel(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.MaxVersions = 4
	h := openWith(t, cfg, slog.DiscardHandler)
	base := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		ctx := as(base, ident.NewUUID())
		created, err := h.CreateAction(ctx, &managementv1.CreateActionRequest{Name: "a", Script: "s0"})
		if err != nil {
			t.Fatal(err)
		}
		id := created.GetId()
		m := &history{keep: cfg.MaxVersions, latest: 1, versions: []*modelVersion{{number: 1, script: "s0", state: published}}}
		script := rapid.SampledFrom([]string{"s0", "s1", "s2"})
		number := func(t *rapid.T) uint32 { return rapid.Uint32Range(0, m.latest+1).Draw(t, "version") }
		t.Repeat(map[string]func(*rapid.T){
			"draft": func(t *rapid.T) {
				s := script.Draw(t, "script")
				_, err := h.own.SaveDraft(ctx, &actionplanev1.SaveDraftRequest{Id: id, Name: "a", Script: s})
				m.add(s)
				m.prune()
				same(t, err, ok)
			},
			"update": func(t *rapid.T) {
				s, want := script.Draw(t, "script"), ok
				_, err := h.UpdateAction(ctx, &managementv1.UpdateActionRequest{Id: id, Name: "a", Script: s})
				if s == m.running().script {
					want = verdict{fault.CodeFailedPrecondition, "ACTION-dg4t2"}
				} else {
					m.run(m.add(s))
					m.prune()
				}
				same(t, err, want)
			},
			"publish": func(t *rapid.T) {
				n := number(t)
				same(t, h.publish(ctx, id, n), m.happen(n, draft, "ACTIONS-n0tdr4ft", m.run))
			},
			"rollback": func(t *rapid.T) {
				n := number(t)
				same(t, h.rollback(ctx, id, n), m.happen(n, superseded, "ACTIONS-n0th1st0ry", m.run))
			},
			"discard": func(t *rapid.T) {
				n := number(t)
				same(t, h.discard(ctx, id, n), m.happen(n, draft, "ACTIONS-n0tdr4ft", func(v *modelVersion) {
					m.versions = slices.DeleteFunc(m.versions, func(o *modelVersion) bool { return o == v })
				}))
			},
		})
		if got, want := h.versionLines(ctx, t, id), m.lines(); !slices.Equal(got, want) {
			t.Fatalf("the service shows\n%s\nthe model\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}
