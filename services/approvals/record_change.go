package approvals

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	approvalsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/approvals/v1"
	"github.com/actionplane/actionplane/services/approvals/internal/audit"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// nobody stands for an internal service that made a change in nobody's name.
const nobody = "00000000-0000-0000-0000-000000000000"

// recordChanges writes down the gated changes that owners made at once.
func (h *handlers) recordChanges(ctx context.Context) error {
	return h.bus.Consume(ctx, bus.Consumer{Stream: contract.ApprovalsStream, Name: "approvals", Concurrency: 4}, h.recordChange)
}

// recordChange writes the record and its audit entry in one transaction, once
// however often the message arrives.
func (h *handlers) recordChange(ctx context.Context, m bus.Message) error {
	cmd := new(approvalsv1.RecordChangeCommand)
	if err := proto.Unmarshal(m.Data, cmd); err != nil {
		return fault.Invalid("malformed record of a change").Because(err)
	}
	who := tenant.From(ctx)
	if !ident.IsUUID(cmd.GetId()) || !ident.IsUUID(string(who.Organization)) || cmd.GetChange() == nil {
		return fault.Invalid("the record of a change names no organization or has no id")
	}
	r := requestOf(cmd.GetChange())
	r.ID, r.Tenant, r.Organization, r.Roles = cmd.GetId(), who.Tenant, who.Organization, who.Roles
	r.State, r.SubmittedBy = request.AutoApproved, h.known(ctx, who)
	r = h.sealed(r)
	err := h.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		current, err := tx.Settings(ctx, who)
		if err != nil {
			return err
		}
		r.Required, r.TTL = int(current.RequiredApprovals), current.TTL
		added, ok, err := tx.InsertRequest(ctx, r)
		if err != nil || !ok {
			return err
		}
		return h.append(ctx, tx, added, audit.AutoApproved, &audit.Actor{ID: r.SubmittedBy.ID, Email: r.SubmittedBy.Email, Name: r.SubmittedBy.Name}, "")
	})
	h.relay.Kick()
	return err
}

// known returns who made a change, with name and address where access can tell
// them now: the record does not wait for them.
func (h *handlers) known(ctx context.Context, who tenant.Identity) store.Person {
	id := cmp.Or(string(who.Person), nobody)
	people, err := h.people(ctx, who, id)
	if err != nil {
		h.log.DebugContext(ctx, "approvals.record_without_name", "error", err)
	}
	return store.Person{ID: id, Email: people[id].Email, Name: people[id].Name}
}
