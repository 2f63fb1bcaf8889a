// Package action is a JavaScript action as its owner keeps it: what clients may
// write of it, how it changes, and which time it may take. It does no I/O; time
// comes in as an argument.
//
// Every change returns a new value and raises Sequence by one, so that clients
// can tell two readings apart.
package action

import (
	"strings"
	"time"

	"github.com/actionplane/actionplane/libs/tenant"
)

// ID names an action: a decimal snowflake.
type ID string

// Content is what clients write. It is always written as a whole.
type Content struct {
	// Name is also the name of the function that is called in Script. Nobody
	// checks that there is one (actions-v1 sheet, 0.2).
	Name string
	// Script is JavaScript, kept byte for byte, whether it compiles or not:
	// clients exist that store broken scripts (sheet, 8).
	Script string
	// Timeout as it was sent; see EffectiveTimeout for what it means.
	Timeout time.Duration
	// AllowedToFail lets a failure be logged and then count as success.
	AllowedToFail bool
}

// Action is an action as it is stored.
type Action struct {
	ID           ID
	Organization tenant.OrganizationID
	Content          // of the version that runs
	Version      int // the version that runs
	Latest       int // the highest number that a version was ever given
	State        State
	Sequence     uint64 // of its changes, from 1; drafts and secrets change nothing that runs here
	Created      time.Time
	Changed      time.Time
}

// New returns an action, active at once.
func New(id ID, organization tenant.OrganizationID, c Content, now time.Time) (Action, error) {
	if !c.valid() {
		return Action{}, ErrInvalidNew
	}
	return Action{ID: id, Organization: organization, Content: c, Version: 1, Latest: 1, State: Active, Sequence: 1, Created: now, Changed: now}, nil
}

// Replace returns the action with another content, ErrUnchanged where it is the
// same. The timeout is compared as it was sent: 0 and 20 s mean the same and
// are still different (sheet, 1.6: unchanged in all four fields).
func (a Action) Replace(c Content, now time.Time) (Action, error) {
	switch {
	case !c.valid():
		return a, ErrInvalidChange
	case c == a.Content:
		return a, ErrUnchanged
	}
	a.Content = c
	return a.changed(now), nil
}

// changed returns the action as one that was changed now.
func (a Action) changed(now time.Time) Action {
	a.Sequence++
	a.Changed = now
	return a
}

// valid reports whether the content can be stored. A NUL has no place in a
// name: no function can be called that, and no database text holds it.
func (c Content) valid() bool {
	return c.Name != "" && !strings.ContainsRune(c.Name, 0)
}

// FoldName returns what two names of an organization must differ in. It is
// computed here and not by the database, whose lower() knows only the letters
// of its locale.
func FoldName(name string) string { return strings.ToLower(name) }
