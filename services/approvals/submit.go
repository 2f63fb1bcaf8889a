package approvals

import (
	"context"
	"crypto/sha256"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/approvals/internal/audit"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
	"github.com/actionplane/actionplane/services/approvals/internal/settings"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// codeDuplicate is the code of a request that waits already.
const codeDuplicate = "DUPLICATE_PENDING"

// policy decides, by the settings as they are in the submitting transaction,
// how a new request begins.
type policy func(settings.Settings, *store.Request) error

// submit writes down a new request of who's. He must be somebody: a request
// without a submitter could be approved by him.
func (h *handlers) submit(ctx context.Context, who tenant.Identity, r store.Request, begin policy) (store.Request, error) {
	submitter, err := h.submitter(ctx, who)
	if err != nil {
		return store.Request{}, err
	}
	r.Tenant, r.Organization, r.Roles = who.Tenant, who.Organization, who.Roles
	r.SubmittedBy = store.Person{ID: submitter.ID, Email: submitter.Email, Name: submitter.Name}
	r = h.sealed(r)
	r.SingleKey = singleKey(r)
	var added store.Request
	err = h.mutate(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		added, err = h.insert(ctx, tx, who, r, begin)
		return err
	})
	return added, err
}

func (h *handlers) insert(ctx context.Context, tx *store.Tx, who tenant.Identity, r store.Request, begin policy) (store.Request, error) {
	current, err := tx.Settings(ctx, who)
	if err != nil {
		return store.Request{}, err
	}
	r.Required, r.TTL = int(current.RequiredApprovals), current.TTL
	if err := begin(current, &r); err != nil {
		return store.Request{}, err
	}
	if err := h.makeRoom(ctx, tx, who, r); err != nil {
		return store.Request{}, err
	}
	added, ok, err := tx.InsertRequest(ctx, r)
	if err != nil {
		return store.Request{}, err
	}
	if !ok { // one that committed meanwhile: it can be told now
		if err := h.makeRoom(ctx, tx, who, r); err != nil {
			return store.Request{}, err
		}
		return store.Request{}, duplicate("")
	}
	actor := &audit.Actor{ID: r.SubmittedBy.ID, Email: r.SubmittedBy.Email, Name: r.SubmittedBy.Name}
	kind := audit.Submitted
	if added.State == request.AutoApproved {
		kind = audit.AutoApproved
	}
	return added, h.append(ctx, tx, added, kind, actor, "")
}

// makeRoom refuses a request while the same waits. One whose time is over does
// not wait: it is marked, and out of the way.
func (h *handlers) makeRoom(ctx context.Context, tx *store.Tx, who tenant.Identity, r store.Request) error {
	if r.State != request.Pending {
		return nil
	}
	id, overdue, err := tx.PendingWithKey(ctx, who, r.SingleKey)
	if err != nil || id == "" {
		return err
	}
	if !overdue {
		return duplicate(id)
	}
	return h.expire(ctx, tx, store.Key{Tenant: who.Tenant, Organization: who.Organization, ID: id})
}

func duplicate(id string) error {
	return fault.AlreadyExists("the same is waiting for approval already").WithID(id).WithReason(codeDuplicate)
}

// singleKey is the same for requests of which one may wait: of one kind about
// one thing, or, where it names nothing, with the same payload.
func singleKey(r store.Request) []byte {
	h := sha256.New()
	about := r.EntityType + "\x00" + r.EntityID
	if r.EntityID == "" {
		about = string(r.PayloadSHA256)
	}
	for _, part := range []string{r.Method, r.ActionType, about} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return h.Sum(nil)
}

// submitter returns who submits. He is looked up, and not taken from what the
// caller says of himself.
func (h *handlers) submitter(ctx context.Context, who tenant.Identity) (request.Person, error) {
	unknown := fault.PermissionDenied("a change that needs approval needs somebody who asks for it").WithReason("SUBMITTER_UNKNOWN")
	if who.Person == "" || who.Organization == "" {
		return request.Person{}, unknown
	}
	people, err := h.people(ctx, who, string(who.Person))
	if err != nil {
		return request.Person{}, err
	}
	p, ok := people[string(who.Person)]
	if !ok || !p.Active {
		return request.Person{}, unknown
	}
	return p, nil
}

// tooLarge refuses what is too large to be read by people.
func (h *handlers) tooLarge(parts ...[]byte) error {
	for _, part := range parts {
		if len(part) > h.cfg.MaxPayload {
			return fault.Invalid("what waits for approval must be at most %d bytes", h.cfg.MaxPayload).WithReason("PAYLOAD_TOO_LARGE")
		}
	}
	return nil
}
