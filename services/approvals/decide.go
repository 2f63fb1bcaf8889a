package approvals

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals/internal/audit"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// ApproveAdminActionRequest takes an approval.
func (h *handlers) ApproveAdminActionRequest(ctx context.Context, in *dynamicv0.DecideAdminActionRequestRequest) (*dynamicv0.AdminActionWrapper, error) {
	return h.decide(ctx, in, request.Approve)
}

// DenyAdminActionRequest takes a denial.
func (h *handlers) DenyAdminActionRequest(ctx context.Context, in *dynamicv0.DecideAdminActionRequestRequest) (*dynamicv0.AdminActionWrapper, error) {
	return h.decide(ctx, in, request.Deny)
}

func (h *handlers) decide(ctx context.Context, in *dynamicv0.DecideAdminActionRequestRequest, verdict request.Verdict) (*dynamicv0.AdminActionWrapper, error) {
	who := tenant.From(ctx)
	if err := sees(who, in.GetOrganizationId()); err != nil {
		return nil, err
	}
	if err := request.CheckNote(in.GetNote()); err != nil {
		return nil, err
	}
	draft := request.Draft{Reviewer: string(who.Person), Verdict: verdict, PayloadHash: in.GetPayloadHash(), Version: int(in.GetVersion())}
	var after store.Request
	var late error
	err := h.mutate(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		var d deciding
		if d, err = h.lock(ctx, tx, who, in.GetAdminActionRequestId()); err != nil {
			return err
		}
		after, late, err = d.decide(ctx, draft, in.GetNote())
		return err
	})
	if err != nil || late != nil {
		return nil, firstOf(err, late)
	}
	return h.wrap(ctx, who, after)
}

// deciding is a request, locked, with all that a decision about it rests on.
type deciding struct {
	h    *handlers
	tx   *store.Tx
	row  store.Request
	made []store.Decision
	told store.Told
	now  time.Time // the database's, read under the lock
}

// lock loads a request for deciding about it. NOT_FOUND alike for one that
// does not exist and one of another organization.
func (h *handlers) lock(ctx context.Context, tx *store.Tx, who tenant.Identity, id string) (deciding, error) {
	d := deciding{h: h, tx: tx}
	var err error
	if d.row, err = tx.LockRequest(ctx, who, id); err != nil {
		return d, requestMissing(err)
	}
	if d.made, err = tx.Decisions(ctx, d.row); err != nil {
		return d, err
	}
	if d.told, err = tx.Told(ctx, d.row); err != nil {
		return d, err
	}
	d.now, err = tx.Now(ctx)
	return d, err
}

// decide makes a decision. late is a refusal that leaves something to commit:
// that the request has expired.
//
// Who is eligible is another service's knowledge. It is asked for here, after
// the row is locked and in bounded time, so that no decision rests on an answer
// from before an earlier decision; a role that is taken while the answer
// travels is taken just after the decision. Without an answer nobody is
// eligible.
func (d deciding) decide(ctx context.Context, draft request.Draft, note string) (after store.Request, late, err error) {
	domain, made := d.domain(), d.decisions()
	repeated, err := domain.Check(draft, made, d.now)
	if repeated {
		return d.row, nil, nil
	}
	if d.isLate(err) {
		return d.expire(ctx, err)
	}
	if err != nil {
		return store.Request{}, nil, err
	}
	people, err := d.people(ctx, draft.Reviewer)
	if err != nil {
		return store.Request{}, nil, err
	}
	policy, err := d.tx.Settings(ctx, d.identity())
	if err != nil {
		return store.Request{}, nil, err
	}
	out, err := domain.Decide(draft, made, people, int(policy.RequiredApprovals))
	if err != nil {
		return store.Request{}, nil, err
	}
	reviewer := people[draft.Reviewer]
	err = d.tx.InsertDecision(ctx, d.row, store.Decision{
		ID: ident.NewUUID(), Reviewer: store.Person{ID: reviewer.ID, Email: reviewer.Email, Name: reviewer.Name},
		Human: out.Human, Verdict: draft.Verdict, Note: note,
	})
	if err != nil {
		return store.Request{}, nil, err
	}
	after, err = d.conclude(ctx, out.Next, actorOf(reviewer), note)
	return after, nil, err
}

// conclude writes down what a decision leads to.
func (d deciding) conclude(ctx context.Context, next request.State, actor *audit.Actor, note string) (store.Request, error) {
	if next == request.Pending {
		after, err := d.tx.RaiseVersion(ctx, d.row)
		if err != nil {
			return store.Request{}, err
		}
		return after, d.h.append(ctx, d.tx, after, audit.Decided, actor, note)
	}
	return d.resolve(ctx, next, "", string(next), actor, note)
}

// resolve ends the waiting. The statement looks at the clock once more: time
// may have run out since Check.
func (d deciding) resolve(ctx context.Context, next request.State, resolution, entry string, actor *audit.Actor, note string) (store.Request, error) {
	after, ok, err := d.tx.Resolve(ctx, d.row, next, resolution)
	if err != nil {
		return store.Request{}, err
	}
	if !ok {
		return store.Request{}, fault.Conflict("the request has expired").WithReason(request.CodeExpired)
	}
	return after, d.h.append(ctx, d.tx, after, entry, actor, note)
}

// isLate reports whether err says that a request has expired that is still
// written down as pending.
func (d deciding) isLate(err error) bool {
	f, ok := fault.As(err)
	return ok && f.Reason == request.CodeExpired && d.row.State == request.Pending
}

// expire writes down that time is over and returns the refusal that it is for.
func (d deciding) expire(ctx context.Context, refusal error) (store.Request, error, error) {
	_, err := d.resolve(ctx, request.Expired, "", audit.Expired, nil, "")
	return store.Request{}, refusal, err
}

func (d deciding) identity() tenant.Identity {
	return tenant.Identity{Tenant: d.row.Tenant, Organization: d.row.Organization}
}

// people asks access about the submitter, everybody who has decided, and more.
func (d deciding) people(ctx context.Context, more ...string) (request.People, error) {
	ids := append(more, d.row.SubmittedBy.ID)
	for _, made := range d.made {
		ids = append(ids, made.Reviewer.ID)
	}
	return d.h.people(ctx, d.identity(), ids...)
}

func (d deciding) domain() request.Request {
	r := domainOf(d.row)
	r.AuditedHash = d.told.PayloadHash
	return r
}

func (d deciding) decisions() []request.Decision { return decisionsOf(d.made) }

func domainOf(r store.Request) request.Request {
	hash := hex.EncodeToString(r.PayloadSHA256)
	return request.Request{
		State: r.State, SubmittedBy: r.SubmittedBy.ID, Required: r.Required, ExpiresAt: r.ExpiresAt,
		Version: r.Version, PayloadHash: hash, AuditedHash: hash,
	}
}

func decisionsOf(made []store.Decision) []request.Decision {
	out := make([]request.Decision, len(made))
	for i, m := range made {
		out[i] = request.Decision{Reviewer: m.Reviewer.ID, Verdict: m.Verdict, PayloadHash: hex.EncodeToString(m.Payload)}
	}
	return out
}

func actorOf(p request.Person) *audit.Actor {
	return &audit.Actor{ID: p.ID, Email: p.Email, Name: p.Name}
}

// requestMissing words a request that the caller cannot see.
func requestMissing(err error) error {
	if fault.CodeOf(err) == fault.CodeNotFound {
		return fault.NotFound("admin action request not found").WithReason("not_found")
	}
	return err
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
