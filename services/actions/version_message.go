package actions

import (
	"encoding/hex"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
)

// versionStateMessages are the states of versions on the wire.
var versionStateMessages = map[action.VersionState]actionplanev1.VersionState{
	action.Draft:      actionplanev1.VersionState_VERSION_STATE_DRAFT,
	action.Published:  actionplanev1.VersionState_VERSION_STATE_PUBLISHED,
	action.Superseded: actionplanev1.VersionState_VERSION_STATE_SUPERSEDED,
}

// severityMessages are the severities of warnings on the wire.
var severityMessages = map[action.Severity]actionplanev1.WarningSeverity{
	action.Suspicious: actionplanev1.WarningSeverity_WARNING_SEVERITY_WARNING,
	action.Broken:     actionplanev1.WarningSeverity_WARNING_SEVERITY_ERROR,
}

// versionMessage returns the wire's form of one of an action's versions,
// without its script.
func versionMessage(a action.Action, v action.Version) *actionplanev1.ActionVersion {
	m := &actionplanev1.ActionVersion{
		ActionId:      string(a.ID),
		Version:       uint32(v.Number),
		State:         versionStateMessages[a.StateOf(v)],
		Name:          v.Name,
		Sha256:        hex.EncodeToString(v.SHA256[:]),
		Timeout:       durationpb.New(action.EffectiveTimeout(v.Timeout)),
		AllowedToFail: v.AllowedToFail,
		Note:          v.Note,
		CreatedAt:     timestamppb.New(v.Created),
		CreatedBy:     string(v.Author),
		PublishedBy:   string(v.Publisher),
		Checked:       v.Checked,
	}
	if !v.Published.IsZero() {
		m.PublishedAt = timestamppb.New(v.Published)
	}
	for _, w := range v.Warnings {
		m.Warnings = append(m.Warnings, &actionplanev1.ScriptWarning{Severity: severityMessages[w.Severity], Message: w.Message, Line: w.Line, Column: w.Column})
	}
	return m
}
