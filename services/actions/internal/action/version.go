package action

import (
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
)

// Version is one content of an action. It never changes but in when it was
// published.
type Version struct {
	// Number is from 1, each higher than the one before; none is given twice.
	Number int
	Content
	SHA256 [sha256.Size]byte // of Script
	Note   string            // what it is about, for people
	Findings
	Created   time.Time
	Author    tenant.PersonID
	Published time.Time // last; zero: never
	Publisher tenant.PersonID
}

// NewVersion returns a version that has no number yet.
func NewVersion(c Content, note string, f Findings, author tenant.PersonID) Version {
	return Version{Content: c, SHA256: sha256.Sum256([]byte(c.Script)), Note: note, Findings: f, Author: author}
}

// Findings are what was found when a script was looked at.
type Findings struct {
	Checked  bool // false: nobody could look
	Warnings []Warning
}

// Warning is what looks wrong with a script.
type Warning struct {
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Line     uint32   `json:"line,omitempty"`   // from 1; 0: not known
	Column   uint32   `json:"column,omitempty"` // from 1; 0: not known
}

// Severity says how bad a warning is.
type Severity string

// The severities.
const (
	Suspicious Severity = "warning" // it may run
	Broken     Severity = "error"   // it will fail
)

// What is kept of findings: they come from somebody else.
const (
	maxWarnings = 50
	maxMessage  = 1000 // bytes
)

// Bounded returns the findings as they can be kept.
func (f Findings) Bounded() Findings {
	f.Warnings = slices.Clone(f.Warnings[:min(len(f.Warnings), maxWarnings)])
	for i := range f.Warnings {
		text := f.Warnings[i].Message
		text = strings.ReplaceAll(text[:min(len(text), maxMessage)], "\x00", "")
		f.Warnings[i].Message = strings.ToValidUTF8(text, "")
	}
	return f
}

// VersionState says whether a version runs.
type VersionState string

// The states. One version is published at any time.
const (
	Draft      VersionState = "draft"      // has not run yet
	Published  VersionState = "published"  // runs
	Superseded VersionState = "superseded" // ran
)

// StateOf returns the state of one of the action's versions. It follows from
// what is known anyway, so it cannot contradict it.
func (a Action) StateOf(v Version) VersionState {
	switch {
	case v.Number == a.Version:
		return Published
	case v.Published.IsZero():
		return Draft
	default:
		return Superseded
	}
}

// VersionEvent is what happens to a version.
type VersionEvent string

// The events.
const (
	Publish  VersionEvent = "publish"
	Rollback VersionEvent = "rollback"
	Discard  VersionEvent = "discard"
)

// versionMoves holds which state an event may happen in, and what is said in
// the others. Publish and Rollback lead to Published, and what was there to
// Superseded; Discard leads to nothing.
var versionMoves = map[VersionEvent]struct {
	from    VersionState
	refused error
}{
	Publish:  {Draft, ErrNotDraft},
	Rollback: {Superseded, ErrNotSuperseded},
	Discard:  {Draft, ErrNotDraft},
}

// Check says whether an event may happen to one of the action's versions.
func (a Action) Check(e VersionEvent, v Version) error {
	m, known := versionMoves[e]
	switch {
	case !known:
		return fault.Internal("a version cannot %s", e)
	case a.StateOf(v) != m.from:
		return m.refused
	}
	return nil
}

// Run returns the action as it runs v, and v as it was published by who, after
// Publish or Rollback.
func (a Action) Run(e VersionEvent, v Version, who tenant.PersonID, now time.Time) (Action, Version, error) {
	if err := a.Check(e, v); err != nil {
		return a, v, err
	}
	v.Published, v.Publisher = now, who
	a.Version, a.Content = v.Number, v.Content
	return a.changed(now), v, nil
}

// AddDraft returns the action with one version more, and that version.
func (a Action) AddDraft(v Version, now time.Time) (Action, Version, error) {
	if !v.valid() {
		return a, v, ErrInvalidChange
	}
	a.Latest++
	v.Number, v.Created = a.Latest, now
	return a, v, nil
}

// Release returns the action after its content was replaced by v's, which is
// published at once: ErrUnchanged where the content is the same.
func (a Action) Release(v Version, now time.Time) (Action, Version, error) {
	after, err := a.Replace(v.Content, now)
	if err != nil {
		return a, v, err
	}
	after.Latest++
	after.Version = after.Latest
	v.Number, v.Created, v.Published, v.Publisher = after.Version, now, now, v.Author
	return after, v, nil
}

// First returns v, whose content the new action has, as the version that it
// begins with.
func (a Action) First(v Version) Version {
	v.Number = a.Version
	v.Created, v.Published, v.Publisher = a.Created, a.Created, v.Author
	return v
}
