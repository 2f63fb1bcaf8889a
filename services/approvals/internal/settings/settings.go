// Package settings says how an organization approves sensitive changes, and
// which changes of that it may make.
package settings

import (
	"time"

	"github.com/actionplane/actionplane/libs/fault"
)

// Limits of a request's life (approvals sheet, 1).
const (
	MinTTL = 1 * time.Hour
	MaxTTL = 168 * time.Hour
)

// reasonThresholdTooHigh is the wire's code for a threshold that the people
// there are cannot reach.
const reasonThresholdTooHigh = "APPROVAL_THRESHOLD_TOO_HIGH"

// Settings is how an organization approves.
type Settings struct {
	// Enabled turns the workflow on.
	Enabled bool
	// TTL is how long a request waits, in whole hours.
	TTL time.Duration
	// RequiredApprovals counts distinct people besides the submitter.
	RequiredApprovals int32
}

// TTLHours returns TTL as the wire has it.
func (s Settings) TTLHours() int32 { return int32(s.TTL / time.Hour) }

// Default is what holds where nobody has written settings: off, as an opt-in
// must be; one other person; and a day, which the vendor does not document: it
// reaches colleagues in every time zone, and what they then approve still
// resembles what was asked for.
func Default() Settings {
	return Settings{TTL: 24 * time.Hour, RequiredApprovals: 1}
}

// Hours returns a TTL of n hours. What is out of range stays out of range: it
// does not overflow into it.
func Hours(n int32) time.Duration { return time.Duration(max(0, min(n, 1000))) * time.Hour }

// Patch changes the fields that are not nil.
type Patch struct {
	Enabled           *bool
	TTL               *time.Duration
	RequiredApprovals *int32
}

// NeedsReviewers reports whether Apply must know how many reviewers there are:
// where a threshold is set or the workflow is turned on. Anything else,
// turning it off above all, does not depend on them.
func (p Patch) NeedsReviewers() bool {
	return p.RequiredApprovals != nil || p.Enabled != nil && *p.Enabled
}

// Apply returns s with the patch applied. reviewers is how many people may
// review; it is not looked at unless NeedsReviewers.
//
// A threshold is refused where the reviewers other than the submitter cannot
// reach it: what a patch sets must be possible today. What was set before and
// has become impossible, because people left, is not silently lowered.
func (s Settings) Apply(p Patch, reviewers uint32) (Settings, error) {
	if p.Enabled != nil {
		s.Enabled = *p.Enabled
	}
	if p.TTL != nil {
		s.TTL = *p.TTL
	}
	if p.RequiredApprovals != nil {
		s.RequiredApprovals = *p.RequiredApprovals
	}
	if err := s.check(); err != nil {
		return Settings{}, err
	}
	if most := int64(reviewers) - 1; p.NeedsReviewers() && int64(s.RequiredApprovals) > most {
		return Settings{}, fault.Invalid("approvalRequiredApprovals is %d but must be at most %d, the number of owners and admins less the submitter",
			s.RequiredApprovals, max(0, most)).WithReason(reasonThresholdTooHigh)
	}
	return s, nil
}

// check repeats the rules of the contract, which callers on the bus may skip.
func (s Settings) check() error {
	if s.TTL < MinTTL || s.TTL > MaxTTL || s.TTL%time.Hour != 0 {
		return fault.Invalid("approvalTtlHours must be 1 to 168")
	}
	if s.RequiredApprovals < 1 {
		return fault.Invalid("approvalRequiredApprovals must be at least 1")
	}
	return nil
}

// Weakens reports whether going from s to next makes it easier for anybody to
// have his way: approvals turned off, fewer people, or, while they are on, more
// time to find them. What is off protects nothing and cannot be weakened.
func Weakens(s, next Settings) bool {
	return s.Enabled && (!next.Enabled || next.RequiredApprovals < s.RequiredApprovals || next.TTL > s.TTL)
}
