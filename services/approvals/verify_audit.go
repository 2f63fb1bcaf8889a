package approvals

import (
	"context"
	"encoding/hex"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	approvalsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/approvals/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/approvals/internal/audit"
)

// VerifyAudit reads the organization's whole chain and compares it with the
// heads that JetStream keeps. The heads are read first: the chain may grow
// meanwhile, but never be shorter than what was told of it.
func (h *handlers) VerifyAudit(ctx context.Context, in *actionplanev1.VerifyAuditRequest) (*actionplanev1.VerifyAuditResponse, error) {
	who := tenant.From(ctx)
	if err := sees(who, in.GetOrganizationId()); err != nil {
		return nil, err
	}
	anchors, newest, err := h.anchors(ctx, who)
	checked := err == nil
	if err != nil {
		h.log.WarnContext(ctx, "approvals.audit_heads_unread", "error", err)
	}
	chain := audit.NewVerifier(string(who.Organization), anchors)
	var entries uint32
	if err := h.store.Chain(ctx, who, func(r audit.Row) { entries++; chain.Row(r) }); err != nil {
		return nil, err
	}
	faults := chain.Close()
	_, head := chain.Head()
	out := &actionplanev1.VerifyAuditResponse{
		Intact: new(len(faults) == 0), Entries: &entries, Head: new(hex.EncodeToString(head)),
		Anchored: &newest, AnchorsChecked: &checked,
	}
	for _, f := range faults {
		out.Faults = append(out.Faults, &actionplanev1.AuditFault{
			Sequence: new(uint32(f.Sequence)), Kind: new(string(f.Kind)), Detail: new(f.Detail),
		})
	}
	if len(faults) > 0 {
		h.log.ErrorContext(ctx, "approvals.audit_broken", "organization", who.Organization, "sequence", faults[0].Sequence,
			"kind", faults[0].Kind, "faults", len(faults))
	}
	return out, nil
}

// anchors returns the hashes that are kept outside, by sequence, and the
// newest sequence.
func (h *handlers) anchors(ctx context.Context, who tenant.Identity) (map[int64][][]byte, uint32, error) {
	anchors := map[int64][][]byte{}
	var newest int64
	err := h.bus.Replay(ctx, contract.AuditHeadsStream, contract.AuditHeadSubject(string(who.Tenant), string(who.Organization)), func(m bus.Message) error {
		head := new(approvalsv1.AuditHead)
		if err := proto.Unmarshal(m.Data, head); err != nil {
			return fmt.Errorf("decode audit head %d: %w", m.Sequence, err)
		}
		anchors[head.GetSequence()] = append(anchors[head.GetSequence()], head.GetHash())
		newest = max(newest, head.GetSequence())
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	return anchors, uint32(newest), nil
}
