package request

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/actionplane/actionplane/libs/fault"
)

// The codes of refusals (approvals sheet, 7).
const (
	CodeSelfReview      = "SELF_REVIEW_FORBIDDEN"
	CodeNotAReviewer    = "NOT_A_REVIEWER"
	CodeResolved        = "ALREADY_RESOLVED"
	CodeReviewed        = "ALREADY_REVIEWED"
	CodeExpired         = "EXPIRED"
	CodeSubmitter       = "SUBMITTER_NOT_ELIGIBLE"
	CodePayloadChanged  = "PAYLOAD_CHANGED"
	CodeHashMismatch    = "HASH_MISMATCH"
	CodeVersionMismatch = "VERSION_MISMATCH"
	CodeInvalidNote     = "INVALID_NOTE"
	CodeNotTheSubmitter = "NOT_THE_SUBMITTER"
)

// statusPreconditionFailed is HTTP's: what the caller saw is not what is there.
const statusPreconditionFailed = 412

// MaxNote is the length of a note in characters (approvals sheet, 1).
const MaxNote = 1000

// Verdict is what a reviewer says.
type Verdict string

// The verdicts.
const (
	Approve Verdict = "approved"
	Deny    Verdict = "denied"
)

// Request is what deciding looks at.
type Request struct {
	State       State
	SubmittedBy string
	Required    int // approvals, as when it was submitted
	ExpiresAt   time.Time
	Version     int
	PayloadHash string // of the bytes that will be executed
	AuditedHash string // as the audit chain has it since the submission
}

// Decision is one that was made.
type Decision struct {
	Reviewer    string
	Verdict     Verdict
	PayloadHash string
}

// Draft is a decision that somebody wants to make.
type Draft struct {
	Reviewer    string
	Verdict     Verdict
	PayloadHash string // that he saw; empty: he does not say
	Version     int    // that he saw; 0: he does not say
}

// Outcome is what a decision leads to.
type Outcome struct {
	// Repeated: it was made before, and nothing happens.
	Repeated bool
	// Next is the state that follows; Pending where it is not enough yet.
	Next State
	// Human is who decided, whichever account he used.
	Human string
}

// CheckNote refuses a note that cannot be kept.
func CheckNote(note string) error {
	if utf8.RuneCountInString(note) > MaxNote || !utf8.ValidString(note) || strings.ContainsRune(note, 0) {
		return fault.Invalid("note must be text of at most %d characters", MaxNote).WithReason(CodeInvalidNote)
	}
	return nil
}

// Check decides what can be decided without knowing who people are: whether
// the decision is a repetition, and whether it comes too late, from the wrong
// person, or about something else than is there.
func (r Request) Check(d Draft, made []Decision, now time.Time) (repeated bool, err error) {
	own, decided := find(made, d.Reviewer)
	switch {
	case decided && own.Verdict == d.Verdict:
		return true, nil
	case d.Reviewer == "":
		return false, notAReviewer()
	}
	if err := r.Open(now); err != nil {
		return false, err
	}
	switch {
	case decided:
		return false, fault.Conflict("you have decided already, and otherwise").WithReason(CodeReviewed)
	case d.Reviewer == r.SubmittedBy:
		return false, selfReview()
	case d.PayloadHash != "" && !strings.EqualFold(d.PayloadHash, r.PayloadHash):
		return false, mismatch(CodeHashMismatch, "the payload is not the one that you saw")
	case d.Version != 0 && d.Version != r.Version:
		return false, mismatch(CodeVersionMismatch, "the request is not as you saw it any more")
	case r.tampered(made):
		return false, fault.Conflict("the payload is not the one that was submitted").WithReason(CodePayloadChanged)
	}
	return false, nil
}

// Open refuses a request about which nothing can be decided any more.
func (r Request) Open(now time.Time) error {
	switch {
	case r.State == Expired, r.State == Pending && !now.Before(r.ExpiresAt):
		return fault.Conflict("the request has expired").WithReason(CodeExpired)
	case r.State != Pending:
		return fault.Conflict("the request is %s already", r.State).WithReason(CodeResolved)
	}
	return nil
}

// tampered reports whether the payload is not what was submitted and what
// others have decided about.
func (r Request) tampered(made []Decision) bool {
	if r.PayloadHash != r.AuditedHash {
		return true
	}
	for _, d := range made {
		if d.PayloadHash != r.PayloadHash {
			return true
		}
	}
	return false
}

// Decide returns what a decision that Check lets pass leads to. people are the
// submitter, the reviewer and all who decided before, as access knows them now;
// threshold is what the organization requires now. The request's own threshold
// holds where it is higher.
func (r Request) Decide(d Draft, made []Decision, people People, threshold int) (Outcome, error) {
	reviewer, submitter := people[d.Reviewer], people[r.SubmittedBy]
	switch {
	case !reviewer.Reviewer || reviewer.Human == "":
		return Outcome{}, notAReviewer()
	case reviewer.same(submitter):
		return Outcome{}, selfReview()
	}
	for _, m := range made {
		if reviewer.same(people[m.Reviewer]) {
			return Outcome{}, fault.Conflict("you have decided already, with another account").WithReason(CodeReviewed)
		}
	}
	out := Outcome{Next: Denied, Human: reviewer.Human}
	if d.Verdict == Deny {
		return out, nil
	}
	if !submitter.maySubmit() {
		return Outcome{}, submitterNotEligible()
	}
	out.Next = Pending
	counted := append(made[:len(made):len(made)], Decision{Reviewer: d.Reviewer, Verdict: Approve})
	if r.Tally(counted, people) >= max(r.Required, threshold) {
		out.Next = Approved
	}
	return out, nil
}

// Tally counts the approvals that count now: of distinct humans who may
// review now and are not the submitter.
func (r Request) Tally(made []Decision, people People) int {
	var counted []Person
	submitter, known := people[r.SubmittedBy]
	for _, d := range made {
		p, ok := people[d.Reviewer]
		if !ok || d.Verdict != Approve || !p.Reviewer || p.Human == "" || known && p.same(submitter) || among(counted, p) {
			continue
		}
		counted = append(counted, p)
	}
	return len(counted)
}

// CheckSubmitter refuses to carry out the request of somebody who could not
// make it any more.
func (r Request) CheckSubmitter(people People) error {
	if !people[r.SubmittedBy].maySubmit() {
		return submitterNotEligible()
	}
	return nil
}

func among(people []Person, p Person) bool {
	for _, q := range people {
		if p.same(q) {
			return true
		}
	}
	return false
}

func find(made []Decision, reviewer string) (Decision, bool) {
	for _, d := range made {
		if d.Reviewer == reviewer {
			return d, true
		}
	}
	return Decision{}, false
}

func notAReviewer() error {
	return fault.PermissionDenied("only owners and admins may decide").WithReason(CodeNotAReviewer)
}

func selfReview() error {
	return fault.PermissionDenied("nobody decides about his own request").WithReason(CodeSelfReview)
}

func submitterNotEligible() error {
	return fault.Conflict("who submitted the request may not do so any more").WithReason(CodeSubmitter)
}

func mismatch(code, text string) error {
	return fault.FailedPrecondition("%s", text).WithReason(code).WithStatus(statusPreconditionFailed)
}
