package approvals

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/approvals/internal/audit"
	"github.com/actionplane/actionplane/services/approvals/internal/mail"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

const (
	// noticeBatch is how many e-mails one replica takes at once.
	noticeBatch = 100
	// noticeLease is how long it keeps them; after it, they are sent again.
	noticeLease = 5 * time.Minute
)

// sendNotices sends e-mails that are due, until ctx is done. Without a server
// there are none.
func (h *handlers) sendNotices(ctx context.Context) error {
	if h.mailer == nil {
		<-ctx.Done()
		return nil
	}
	ticks := time.NewTicker(h.mailer.Config().Interval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		if err := h.sendDue(ctx); err != nil && ctx.Err() == nil {
			h.log.WarnContext(ctx, "approvals.mail", "error", err)
		}
	}
}

// sendDue sends what is due of every organization.
func (h *handlers) sendDue(ctx context.Context) error {
	for ctx.Err() == nil {
		due, err := h.store.LeaseNotices(ctx, noticeBatch, noticeLease)
		if err != nil || len(due) == 0 {
			return err
		}
		asking := slices.Clone(due)
		asking = slices.DeleteFunc(asking, func(n store.Notice) bool { return n.Kind != audit.Submitted })
		h.askReviewers(ctx, asking)
		for _, n := range due {
			if n.Kind != audit.Submitted {
				h.settle(ctx, n, h.tellPeople(ctx, n))
			}
		}
	}
	return nil
}

// askReviewers writes to everybody who may review, but for the submitter: a
// letter for each request or, where there are many, one for all.
func (h *handlers) askReviewers(ctx context.Context, asking []store.Notice) {
	if len(asking) == 0 {
		return
	}
	first := asking[0].Request
	reviewers, err := h.reviewers(ctx, tenant.Identity{Tenant: first.Tenant, Organization: first.Organization})
	groups := [][]store.Notice{asking}
	if len(asking) <= h.mailer.Config().DigestAfter {
		groups = slices.Collect(slices.Chunk(asking, 1))
	}
	for _, group := range groups {
		sent := err
		if sent == nil {
			sent = h.ask(ctx, group, reviewers)
		}
		for _, n := range group {
			h.settle(ctx, n, sent)
		}
	}
}

func (h *handlers) ask(ctx context.Context, group []store.Notice, reviewers []request.Person) error {
	for _, reviewer := range reviewers {
		var requests []mail.Request
		for _, n := range group {
			if n.Request.State == request.Pending && n.Request.SubmittedBy.ID != reviewer.ID {
				requests = append(requests, mailRequest(n.Request))
			}
		}
		if len(requests) == 0 || reviewer.Email == "" {
			continue
		}
		letter := mail.Asking(requests, h.mailer.Config().ConsoleURL)
		letter.To = reviewer.Email
		if err := h.mailer.Send(ctx, letter); err != nil {
			return err
		}
	}
	return nil
}

// outcomes word what became of a request.
var outcomes = map[string]string{
	audit.Approved:   "approved",
	audit.Denied:     "denied",
	audit.Expired:    "not approved in time",
	audit.BrokeGlass: "approved by one instance owner alone",
	audit.Failed:     "approved, but it could not be carried out",
	audit.Stale:      "approved, but not carried out: what it is about has changed",
}

// tellPeople writes to the submitter what became of his request, and to all
// reviewers where glass was broken.
func (h *handlers) tellPeople(ctx context.Context, n store.Notice) error {
	r := mailRequest(n.Request)
	r.Outcome, r.Reason = outcomes[n.Kind], n.Request.Execution.Error
	decisions, err := h.store.Decisions(ctx, n.Request.Tenant, []string{n.Request.ID})
	if err != nil {
		return err
	}
	for _, d := range decisions {
		if d.Note != "" {
			r.Notes += d.Reviewer.Name + " (" + string(d.Verdict) + "): " + strings.TrimSpace(d.Note) + "\n"
		}
	}
	to := []string{n.Request.SubmittedBy.Email}
	if n.Kind == audit.BrokeGlass {
		reviewers, err := h.reviewers(ctx, tenant.Identity{Tenant: n.Request.Tenant, Organization: n.Request.Organization})
		if err != nil {
			return err
		}
		for _, p := range reviewers {
			to = append(to, p.Email)
		}
	}
	slices.Sort(to)
	for _, address := range slices.Compact(to) {
		letter := mail.Telling(r, h.mailer.Config().ConsoleURL)
		if letter.To = address; address == "" {
			continue
		}
		if err := h.mailer.Send(ctx, letter); err != nil {
			return err
		}
	}
	return nil
}

// settle forgets what was sent, or has failed too often.
func (h *handlers) settle(ctx context.Context, n store.Notice, sent error) {
	if sent != nil {
		h.log.WarnContext(ctx, "approvals.mail_not_sent", "request", n.Request.ID, "kind", n.Kind, "attempt", n.Attempts+1, "error", sent)
		if n.Attempts+1 < h.mailer.Config().MaxAttempts {
			return // when the lease runs out
		}
	}
	if err := h.store.ForgetNotice(ctx, n); err != nil {
		h.log.WarnContext(ctx, "approvals.mail", "error", err)
	}
}

func mailRequest(r store.Request) mail.Request {
	return mail.Request{
		ID: r.ID, Organization: string(r.Organization), DisplayName: r.DisplayName, Category: r.Category,
		EntityType: r.EntityType, EntityID: r.EntityID,
		SubmitterName: r.SubmittedBy.Name, SubmitterEmail: r.SubmittedBy.Email, ExpiresAt: r.ExpiresAt, Required: r.Required,
	}
}
