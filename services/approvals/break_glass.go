package approvals

import (
	"context"
	"slices"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals/internal/audit"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// instanceOwner is the role that may break glass.
const instanceOwner = "IAM_OWNER"

// BreakGlass approves a request by one instance owner alone, his own too: so
// that nobody has to make up a second person in an emergency. It is off unless
// configured, and it is loud.
func (h *handlers) BreakGlass(ctx context.Context, in *actionplanev1.BreakGlassRequest) (*dynamicv0.AdminActionWrapper, error) {
	who := tenant.From(ctx)
	if err := sees(who, in.GetOrganizationId()); err != nil {
		return nil, err
	}
	if !h.cfg.BreakGlass {
		return nil, fault.PermissionDenied("nobody approves alone here").WithReason("BREAK_GLASS_DISABLED")
	}
	if err := request.CheckNote(in.GetNote()); err != nil {
		return nil, err
	}
	if in.GetNote() == "" {
		return nil, fault.Invalid("note must say why").WithReason(request.CodeInvalidNote)
	}
	var after store.Request
	var late error
	err := h.mutate(ctx, func(ctx context.Context, tx *store.Tx) error {
		d, err := h.lock(ctx, tx, who, in.GetAdminActionRequestId())
		if err != nil {
			return err
		}
		after, late, err = d.breakGlass(ctx, string(who.Person), in.GetNote())
		return err
	})
	if err != nil || late != nil {
		return nil, firstOf(err, late)
	}
	h.log.WarnContext(ctx, "approvals.glass_broken", "request", after.ID, "organization", after.Organization,
		"action_type", after.ActionType, "person", who.Person, "note", in.GetNote())
	return h.wrap(ctx, who, after)
}

func (d deciding) breakGlass(ctx context.Context, person, note string) (after store.Request, late, err error) {
	if err := d.domain().Open(d.now); d.isLate(err) {
		return d.expire(ctx, err)
	} else if err != nil {
		return store.Request{}, nil, err
	}
	if d.domain().AuditedHash != d.domain().PayloadHash {
		return store.Request{}, nil, fault.Conflict("the payload is not the one that was submitted").WithReason(request.CodePayloadChanged)
	}
	people, err := d.people(ctx, person)
	if err != nil {
		return store.Request{}, nil, err
	}
	if p := people[person]; !p.Reviewer || !slices.Contains(p.Roles, instanceOwner) {
		return store.Request{}, nil, fault.PermissionDenied("only instance owners may approve alone").WithReason("NOT_AN_INSTANCE_OWNER")
	}
	if err := d.domain().CheckSubmitter(people); err != nil {
		return store.Request{}, nil, err
	}
	after, err = d.resolve(ctx, request.Approved, request.ResolutionBreakGlass, audit.BrokeGlass, actorOf(people[person]), note)
	return after, nil, err
}
