package actions

import (
	"context"

	"github.com/actionplane/actionplane/libs/tenant"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// newVersion returns a version by the caller, with what looks wrong with it.
func (h *handler) newVersion(ctx context.Context, c action.Content, note string) action.Version {
	return action.NewVersion(c, note, h.check(ctx, c), tenant.From(ctx).Person)
}

// addVersion stores a version of a, which is as it is with it, and makes room
// for it.
func (h *handler) addVersion(ctx context.Context, tx *store.Tx, a action.Action, v action.Version) error {
	if err := tx.AddVersion(ctx, a.ID, v); err != nil {
		return err
	}
	return tx.PruneVersions(ctx, a, h.config.MaxVersions)
}

// check asks the scripts service what looks wrong with a script. It cannot
// fail: whoever saves broken scripts may (sheet, 8), and nobody is kept from
// saving because scripts is away.
func (h *handler) check(ctx context.Context, c action.Content) action.Findings {
	if h.config.CheckTimeout == 0 {
		return action.Findings{}
	}
	ctx, cancel := context.WithTimeout(ctx, h.config.CheckTimeout)
	defer cancel()
	out, err := h.checks.Check(ctx, &scriptsv1.CheckRequest{Name: c.Name, Script: c.Script})
	if err != nil {
		h.log.DebugContext(ctx, "actions.script_not_checked", "error", err)
		return action.Findings{}
	}
	found := action.Findings{Checked: true}
	for _, w := range out.GetWarnings() {
		severity := action.Suspicious
		if w.GetSeverity() == scriptsv1.Severity_SEVERITY_ERROR {
			severity = action.Broken
		}
		found.Warnings = append(found.Warnings, action.Warning{Severity: severity, Message: w.GetMessage(), Line: w.GetLine(), Column: w.GetColumn()})
	}
	return found.Bounded()
}

// logWarnings tells operators what looked wrong with a version that was saved.
func (h *handler) logWarnings(ctx context.Context, id action.ID, v action.Version) {
	if len(v.Warnings) == 0 {
		return
	}
	first := v.Warnings[0]
	h.log.InfoContext(ctx, "actions.script_looks_wrong", "action", id, "version", v.Number,
		"warnings", len(v.Warnings), "severity", first.Severity, "line", first.Line, "first", first.Message)
}
