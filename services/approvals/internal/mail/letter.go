package mail

import (
	"fmt"
	"strings"
	"time"
)

// Request is what letters say of a request.
type Request struct {
	ID, Organization       string
	DisplayName, Category  string
	EntityType, EntityID   string
	SubmitterName          string
	SubmitterEmail         string
	ExpiresAt              time.Time
	Required               int
	Outcome, Notes, Reason string // of a resolved one
}

// Asking is the letter to a reviewer about requests that wait for him: one, or
// a digest.
func Asking(requests []Request, consoleURL string) Letter {
	if len(requests) == 1 {
		return Letter{
			Subject: "Approval needed: " + line(requests[0].DisplayName),
			Body:    "Somebody's change waits for your approval.\n\n" + describe(requests[0], consoleURL),
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d changes wait for your approval.\n", len(requests))
	for _, r := range requests {
		b.WriteString("\n" + describe(r, consoleURL))
	}
	return Letter{Subject: fmt.Sprintf("%d changes need approval", len(requests)), Body: b.String()}
}

// Telling is the letter about what became of a request.
func Telling(r Request, consoleURL string) Letter {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s.\n\n", line(r.DisplayName), r.Outcome)
	if r.Reason != "" {
		fmt.Fprintf(&b, "  why:       %s\n", line(r.Reason))
	}
	b.WriteString(describe(r, consoleURL))
	if r.Notes != "" {
		b.WriteString("\n" + r.Notes + "\n")
	}
	return Letter{Subject: line(r.DisplayName) + ": " + r.Outcome, Body: b.String()}
}

func describe(r Request, consoleURL string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  what:      %s (%s)\n", line(r.DisplayName), line(r.Category))
	if r.EntityID != "" {
		fmt.Fprintf(&b, "  about:     %s %s\n", line(r.EntityType), line(r.EntityID))
	}
	fmt.Fprintf(&b, "  asked by:  %s <%s>\n", line(r.SubmitterName), line(r.SubmitterEmail))
	fmt.Fprintf(&b, "  needs:     %d approvals before %s\n", r.Required, r.ExpiresAt.UTC().Format("2006-01-02 15:04 MST"))
	if consoleURL != "" {
		fmt.Fprintf(&b, "  see:       %s/organizations/%s/adminActions/%s\n", strings.TrimSuffix(consoleURL, "/"), r.Organization, r.ID)
	}
	return b.String()
}

// line keeps a text that somebody chose within one line.
func line(s string) string { return strings.Join(strings.Fields(s), " ") }
