package approvals_test

import (
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/wirejson"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals"
)

// wantRefusal wants a refusal as REST words it: a status and a code.
func wantRefusal(t *testing.T, err error, status int, code string) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || f.HTTPStatus() != status || f.Reason != code {
		t.Errorf("got %v (%+v), want %d %s", err, f, status, code)
	}
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mfa := b.register(t, fine)
	payload := func() string { return `{"userId":"` + ident.NewUUID() + `"}` }

	t.Run("OneApprovalCarriesItOut", func(t *testing.T) {
		t.Parallel()
		o := b.gated(t, 1)
		submitter, reviewer := o.as(t), o.as(t)
		r := o.submit(submitter, t, mfa, payload())
		if r.GetStatus() != "pending" || r.GetCanDecide() || r.GetCannotDecideReason() != "SELF_REVIEW_FORBIDDEN" || r.Execution != nil {
			t.Errorf("submitted: %v", r)
		}
		decision := o.decision(r.GetId())
		decision.Note, decision.PayloadHash, decision.Version = new("fine"), strings.ToUpper(r.GetPayloadHash()), 1
		out, err := b.actions.ApproveAdminActionRequest(reviewer, decision)
		if err != nil {
			t.Fatal(err)
		}
		got := out.GetActionRequest()
		if got.GetStatus() != "approved" || got.GetCurrentApprovals() != 1 || got.ResolvedAt == nil || got.GetResponses()[0].GetNote() != "fine" || out.GetMessage() == "" {
			t.Errorf("approved: %v", got)
		}
		if done := o.settled(t, r.GetId()); done.GetExecution().GetState() != "executed" || done.GetExecution().ExecutedAt == nil || done.GetExecution().GetAttempts() != 1 {
			t.Errorf("executed: %v", done.GetExecution())
		}
	})
	t.Run("OneDenialEndsIt", func(t *testing.T) {
		t.Parallel()
		o := b.gated(t, 3)
		r := o.submit(o.as(t), t, mfa, payload())
		if _, err := o.approve(o.as(t), r.GetId()); err != nil {
			t.Fatal(err)
		}
		got, err := o.deny(o.as(t), r.GetId())
		if err != nil || got.GetStatus() != "denied" || got.Resolution != nil || got.Execution != nil {
			t.Errorf("got %v, %v", got, err)
		}
		_, err = o.approve(o.as(t), r.GetId())
		wantRefusal(t, err, 409, "ALREADY_RESOLVED")
	})
	t.Run("RepeatingOnesDecisionAnswersTheSame", func(t *testing.T) {
		t.Parallel()
		o := b.gated(t, 2)
		r := o.submit(o.as(t), t, mfa, payload())
		reviewer := o.as(t)
		first, err := o.approve(reviewer, r.GetId())
		if err != nil || first.GetStatus() != "pending" || first.GetApprovalsRemaining() != 1 {
			t.Fatalf("got %v, %v", first, err)
		}
		again, err := o.approve(reviewer, r.GetId())
		if err != nil || again.GetVersion() != first.GetVersion() || len(again.GetResponses()) != 1 {
			t.Errorf("got %v, %v", again, err)
		}
		_, err = o.deny(reviewer, r.GetId())
		wantRefusal(t, err, 409, "ALREADY_REVIEWED")
	})
	t.Run("NobodyDecidesAboutHisOwn", func(t *testing.T) {
		t.Parallel()
		o := b.gated(t, 1)
		submitter := o.as(t)
		me := personOf(submitter)
		r := o.submit(submitter, t, mfa, payload())
		_, err := o.approve(submitter, r.GetId())
		wantRefusal(t, err, 403, "SELF_REVIEW_FORBIDDEN")
		_, err = o.deny(submitter, r.GetId())
		wantRefusal(t, err, 403, "SELF_REVIEW_FORBIDDEN")

		second := owner(ident.NewUUID()) // another account of his
		second.CanonicalHumanId = me
		b.access.describe(second)
		_, err = o.approve(o.who(t, second.GetPersonId()), r.GetId())
		wantRefusal(t, err, 403, "SELF_REVIEW_FORBIDDEN")

		puppet := owner(ident.NewUUID()) // a person for whom he made a token
		puppet.ControllerHumanIds = []string{me}
		b.access.describe(puppet)
		_, err = o.approve(o.who(t, puppet.GetPersonId()), r.GetId())
		wantRefusal(t, err, 403, "SELF_REVIEW_FORBIDDEN")
	})
	t.Run("AHumanCountsOnce", func(t *testing.T) {
		t.Parallel()
		o := b.gated(t, 2)
		r := o.submit(o.as(t), t, mfa, payload())
		first := o.as(t)
		if _, err := o.approve(first, r.GetId()); err != nil {
			t.Fatal(err)
		}
		second := owner(ident.NewUUID())
		second.CanonicalHumanId = personOf(first)
		b.access.describe(second)
		_, err := o.approve(o.who(t, second.GetPersonId()), r.GetId())
		wantRefusal(t, err, 409, "ALREADY_REVIEWED")
	})
	t.Run("OnlyReviewersDecide", func(t *testing.T) {
		t.Parallel()
		o := b.gated(t, 1)
		r := o.submit(o.as(t), t, mfa, payload())
		for name, change := range map[string]func(*accessv1.Eligibility){
			"a developer":   func(p *accessv1.Eligibility) { p.Reviewer, p.Roles = false, []string{"ORG_DEVELOPER"} },
			"who is locked": func(p *accessv1.Eligibility) { p.Active, p.Reviewer = false, false },
			"a machine":     func(p *accessv1.Eligibility) { p.Human, p.CanonicalHumanId = false, "" },
			"nobody knows whom": func(p *accessv1.Eligibility) {
				p.Exists, p.Active, p.Human, p.Reviewer, p.CanonicalHumanId = false, false, false, false, ""
			},
			"without a human": func(p *accessv1.Eligibility) { p.CanonicalHumanId = "" },
		} {
			p := owner(ident.NewUUID())
			change(p)
			b.access.describe(p)
			_, err := o.approve(o.who(t, p.GetPersonId()), r.GetId())
			if fault.CodeOf(err) != fault.CodePermissionDenied {
				t.Errorf("%s: got %v", name, err)
			}
			_, err = o.deny(o.who(t, p.GetPersonId()), r.GetId())
			wantRefusal(t, err, 403, "NOT_A_REVIEWER")
		}
		_, err := o.approve(o.who(t, ""), r.GetId())
		wantRefusal(t, err, 403, "NOT_A_REVIEWER")
	})
	t.Run("WhoWasDemotedDoesNotCountAnyMore", func(t *testing.T) {
		t.Parallel()
		o := b.gated(t, 2)
		r := o.submit(o.as(t), t, mfa, payload())
		demoted := o.as(t)
		if _, err := o.approve(demoted, r.GetId()); err != nil {
			t.Fatal(err)
		}
		p := owner(personOf(demoted))
		p.Reviewer, p.Roles = false, []string{"ORG_VIEWER"}
		b.access.describe(p)
		got, err := o.approve(o.as(t), r.GetId())
		if err != nil || got.GetStatus() != "pending" || got.GetCurrentApprovals() != 1 {
			t.Errorf("got %v, %v", got, err)
		}
		if got, err = o.approve(o.as(t), r.GetId()); err != nil || got.GetStatus() != "approved" {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("WhoMaySubmitNoMoreIsNotServed", func(t *testing.T) {
		t.Parallel()
		o := b.gated(t, 1)
		submitter := o.as(t)
		r := o.submit(submitter, t, mfa, payload())
		p := owner(personOf(submitter))
		p.Active = false
		b.access.describe(p)
		_, err := o.approve(o.as(t), r.GetId())
		wantRefusal(t, err, 409, "SUBMITTER_NOT_ELIGIBLE")
		if got, err := o.deny(o.as(t), r.GetId()); err != nil || got.GetStatus() != "denied" {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("AboutWhatWasSeen", func(t *testing.T) {
		t.Parallel()
		o := b.gated(t, 2)
		r := o.submit(o.as(t), t, mfa, payload())
		in := o.decision(r.GetId())
		in.PayloadHash = strings.Repeat("0", 64)
		_, err := b.actions.ApproveAdminActionRequest(o.as(t), in)
		wantRefusal(t, err, 412, "HASH_MISMATCH")
		in = o.decision(r.GetId())
		in.Version = 7
		_, err = b.actions.DenyAdminActionRequest(o.as(t), in)
		wantRefusal(t, err, 412, "VERSION_MISMATCH")
	})
	t.Run("AnEditedPayloadIsNotApproved", func(t *testing.T) {
		t.Parallel()
		o := b.gated(t, 1)
		r := o.submit(o.as(t), t, mfa, payload())
		b.must(t, `UPDATE approval_requests SET payload = '{"userId":"mine"}', payload_sha256 = sha256('{"userId":"mine"}') WHERE id = $1`, r.GetId())
		_, err := o.approve(o.as(t), r.GetId())
		wantRefusal(t, err, 409, "PAYLOAD_CHANGED")
	})
	t.Run("ANoteIsAThousandCharactersOfText", func(t *testing.T) {
		t.Parallel()
		o := b.gated(t, 2)
		r := o.submit(o.as(t), t, mfa, payload())
		for _, note := range []string{strings.Repeat("x", 1001), "a\x00b"} {
			in := o.decision(r.GetId())
			in.Note = &note
			_, err := b.actions.ApproveAdminActionRequest(o.as(t), in)
			wantRefusal(t, err, 400, "INVALID_NOTE")
		}
		in := o.decision(r.GetId())
		in.Note = new(strings.Repeat("é", 1000))
		if _, err := b.actions.ApproveAdminActionRequest(o.as(t), in); err != nil {
			t.Error(err)
		}
	})
	t.Run("AnotherOrganizationsRequestDoesNotExist", func(t *testing.T) {
		t.Parallel()
		o, other := b.gated(t, 1), b.gated(t, 1)
		foreign := o.submit(o.as(t), t, mfa, payload()).GetId()
		stranger := other.as(t)
		var texts []string
		for _, id := range []string{foreign, ident.NewUUID()} {
			_, get := b.actions.GetAdminActionRequest(stranger, &dynamicv0.GetAdminActionRequestRequest{OrganizationId: string(other.id), AdminActionRequestId: id})
			_, approve := other.approve(stranger, id)
			_, deny := other.deny(stranger, id)
			_, cancel := other.cancel(stranger, id)
			_, retry := b.more.RetryAdminActionRequest(stranger, &actionplanev1.RetryAdminActionRequestRequest{OrganizationId: string(other.id), AdminActionRequestId: id})
			_, diff := b.more.DiffAdminActionRequest(stranger, &actionplanev1.DiffAdminActionRequestRequest{OrganizationId: string(other.id), AdminActionRequestId: id})
			_, events := b.more.ListAdminActionEvents(stranger, &actionplanev1.ListAdminActionEventsRequest{OrganizationId: string(other.id), AdminActionRequestId: id})
			for _, err := range []error{get, approve, deny, cancel, retry, diff, events} {
				wantRefusal(t, err, 404, "not_found")
				texts = append(texts, err.Error())
			}
		}
		for _, text := range texts {
			if text != texts[0] {
				t.Errorf("%q and %q differ", text, texts[0])
			}
		}
		_, err := o.approve(stranger, foreign)
		wantRefusal(t, err, 404, "not_found")
	})
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *approvals.Config) { c.SweepInterval = time.Hour }) // nobody sweeps
	mfa := b.register(t, fine)
	late := func(t *testing.T, id string, left string) {
		b.must(t, `UPDATE approval_requests SET created_at = created_at - (expires_at - now()) + $2::interval,
    expires_at = now() + $2::interval WHERE id = $1`, id, left)
	}
	t.Run("NothingHappensAfterIt", func(t *testing.T) {
		t.Parallel()
		for _, act := range []func(o organization, id string) error{
			func(o organization, id string) error { _, err := o.approve(o.as(t), id); return err },
			func(o organization, id string) error { _, err := o.deny(o.as(t), id); return err },
		} {
			o := b.gated(t, 1)
			r := o.submit(o.as(t), t, mfa, `{}`)
			late(t, r.GetId(), "0")
			if got := o.load(t, r.GetId()); got.GetStatus() != "expired" || got.GetCannotDecideReason() != "EXPIRED" {
				t.Errorf("shown as %v", got)
			}
			for range 2 { // when it is noticed, and afterwards
				wantRefusal(t, act(o, r.GetId()), 409, "EXPIRED")
			}
			if got := o.load(t, r.GetId()); got.GetStatus() != "expired" || got.ResolvedAt == nil {
				t.Errorf("got %v", got)
			}
		}
	})
	t.Run("ItIsInTimeBefore", func(t *testing.T) {
		t.Parallel()
		o := b.gated(t, 1)
		r := o.submit(o.as(t), t, mfa, `{}`)
		late(t, r.GetId(), "20 seconds")
		if got, err := o.approve(o.as(t), r.GetId()); err != nil || got.GetStatus() != "approved" {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("ItMakesRoomForTheNext", func(t *testing.T) {
		t.Parallel()
		o := b.gated(t, 1)
		r := o.submit(o.as(t), t, mfa, `{}`)
		_, err := b.more.SubmitAction(o.as(t), &actionplanev1.SubmitActionRequest{ActionType: mfa, Payload: []byte(`{}`)})
		wantRefusal(t, err, 409, "DUPLICATE_PENDING")
		if f, _ := fault.As(err); f.ID != r.GetId() {
			t.Errorf("told of %q", f.ID)
		}
		late(t, r.GetId(), "0")
		if second := o.submit(o.as(t), t, mfa, `{}`); second.GetStatus() != "pending" {
			t.Errorf("got %v", second)
		}
	})
	t.Run("TheSubmitterIsToldSo", func(t *testing.T) {
		t.Parallel()
		o := b.gated(t, 1)
		submitter := o.as(t)
		r := o.submit(submitter, t, mfa, `{}`)
		late(t, r.GetId(), "0")
		_, err := o.cancel(submitter, r.GetId())
		wantRefusal(t, err, 409, "EXPIRED")
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mfa := b.register(t, fine)
	o := b.gated(t, 1)
	submitter := o.as(t)
	r := o.submit(submitter, t, mfa, `{}`)
	_, err := o.cancel(o.as(t), r.GetId())
	wantRefusal(t, err, 403, "NOT_THE_SUBMITTER")
	for range 2 {
		got, err := o.cancel(submitter, r.GetId())
		if err != nil || got.GetStatus() != "denied" || got.GetResolution() != "canceled" || got.CancelledAt == nil {
			t.Errorf("got %v, %v", got, err)
		}
	}
	_, err = o.approve(o.as(t), r.GetId())
	wantRefusal(t, err, 409, "ALREADY_RESOLVED")
}

func TestPolicyNeverGetsWeaker(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mfa := b.register(t, fine)
	o := b.gated(t, 1)
	r := o.submit(o.as(t), t, mfa, `{}`)
	if _, err := b.update(o.as(t), &dynamicv0.UpdateOrganizationSettingsRequest{ApprovalRequiredApprovals: new(int32(2))}); err != nil {
		t.Fatal(err)
	}
	got, err := o.approve(o.as(t), r.GetId())
	if err != nil || got.GetStatus() != "pending" {
		t.Fatalf("approved by less than today's policy: %v, %v", got, err)
	}
	b.must(t, `UPDATE organization_settings SET approval_enabled = false, approval_required_approvals = 1 WHERE organization_id = $1`, o.id)
	if got := o.load(t, r.GetId()); got.GetStatus() != "pending" {
		t.Errorf("turning approvals off released it: %v", got)
	}
	if got, err := o.approve(o.as(t), r.GetId()); err != nil || got.GetStatus() != "approved" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestTheSwitchIsGated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := b.gated(t, 1)
	owner := o.as(t, "ORG_OWNER")
	_, err := b.update(owner, &dynamicv0.UpdateOrganizationSettingsRequest{ApprovalEnabled: new(false)})
	wantRefusal(t, err, 202, approval.ReasonRequired)
	f, _ := fault.As(err)
	var answer dynamicv0.AdminActionWrapper
	if err := wirejson.Default().Unmarshal(f.Answer, &answer); err != nil || answer.GetActionRequest().GetId() != f.ID ||
		answer.GetActionRequest().GetActionType() != "settings_change" || string(answer.GetActionRequest().GetPreviousState()) == "" {
		t.Errorf("answered %s, %v", f.Answer, err)
	}
	diff, err := b.more.DiffAdminActionRequest(owner, &actionplanev1.DiffAdminActionRequestRequest{OrganizationId: string(o.id), AdminActionRequestId: f.ID})
	if err != nil || len(diff.GetChanges()) != 1 || diff.GetChanges()[0].GetPath() != "/approvalEnabled" || string(diff.GetChanges()[0].GetAfter()) != "false" {
		t.Errorf("diff: %v, %v", diff, err)
	}
	if got, err := b.get(owner); err != nil || !got.GetApprovalEnabled() {
		t.Fatalf("it is off already: %v, %v", got, err)
	}
	if _, err := o.approve(o.as(t), f.ID); err != nil {
		t.Fatal(err)
	}
	if done := o.settled(t, f.ID); done.GetExecution().GetState() != "executed" {
		t.Errorf("got %v", done)
	}
	if got, err := b.get(owner); err != nil || got.GetApprovalEnabled() {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestBreakGlass(t *testing.T) {
	t.Parallel()
	breakGlass := func(t *testing.T, b *bundle, o organization, person *accessv1.Eligibility, id, note string) (*dynamicv0.AdminActionRequest, error) {
		t.Helper()
		b.access.describe(person)
		out, err := b.more.BreakGlass(o.who(t, person.GetPersonId()), &actionplanev1.BreakGlassRequest{OrganizationId: string(o.id), AdminActionRequestId: id, Note: note})
		return out.GetActionRequest(), err
	}
	instanceOwner := owner(ident.NewUUID())
	instanceOwner.Roles = []string{"IAM_OWNER"}

	t.Run("IsOffByDefault", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		o := b.gated(t, 1)
		r := o.submit(o.as(t), t, b.register(t, fine), `{}`)
		_, err := breakGlass(t, b, o, instanceOwner, r.GetId(), "fire")
		wantRefusal(t, err, 403, "BREAK_GLASS_DISABLED")
	})
	t.Run("IsForInstanceOwnersWithAReason", func(t *testing.T) {
		t.Parallel()
		b := setup(t, func(c *approvals.Config) { c.BreakGlass = true })
		o := b.gated(t, 1)
		r := o.submit(o.who(t, instanceOwner.GetPersonId()), t, b.register(t, fine), `{}`) // his own
		_, err := breakGlass(t, b, o, owner(ident.NewUUID()), r.GetId(), "fire")
		wantRefusal(t, err, 403, "NOT_AN_INSTANCE_OWNER")
		_, err = breakGlass(t, b, o, instanceOwner, r.GetId(), "")
		wantRefusal(t, err, 400, "INVALID_NOTE")
		got, err := breakGlass(t, b, o, instanceOwner, r.GetId(), "fire")
		if err != nil || got.GetStatus() != "approved" || got.GetResolution() != "break_glass" {
			t.Errorf("got %v, %v", got, err)
		}
		if done := o.settled(t, r.GetId()); done.GetExecution().GetState() != "executed" {
			t.Errorf("got %v", done.GetExecution())
		}
	})
}
