package approvals

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	"github.com/actionplane/actionplane/services/approvals/internal/audit"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// Headers of an action that is carried out by who registered its type.
const (
	headerActionType     = "Actionplane-Action-Type"
	headerIdempotencyKey = "Idempotency-Key"
	headerPayloadHash    = "Actionplane-Payload-Sha256"
)

// execute carries out what was approved, until ctx is done; then it finishes
// what it has begun.
//
// An execution is one replica's as long as its lease lasts, and its outcome is
// written only by the attempt that has it. A replica that dies anywhere in
// between leaves the lease to run out; the next one asks the owner again, under
// the same request id, by which the owner knows what it has done already.
func (h *handlers) execute(ctx context.Context) error {
	var workers sync.WaitGroup
	for range h.cfg.Workers {
		workers.Go(func() { h.executeNext(ctx) })
	}
	workers.Wait()
	return nil
}

func (h *handlers) executeNext(ctx context.Context) {
	poll := time.NewTicker(h.cfg.PollInterval)
	defer poll.Stop()
	for {
		found, err := h.executeOne(context.WithoutCancel(ctx))
		if err != nil && ctx.Err() == nil {
			h.log.WarnContext(ctx, "approvals.execute", "error", err)
		}
		switch {
		case ctx.Err() != nil:
			return
		case found && err == nil:
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-h.work:
		case <-poll.C:
		}
	}
}

// executeOne carries out one request, and reports whether there was one.
func (h *handlers) executeOne(ctx context.Context) (bool, error) {
	r, refusal, err := h.lease(ctx)
	if fault.CodeOf(err) == fault.CodeNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	h.wake() // there may be more, for another worker
	if refusal != nil {
		return true, h.finish(ctx, r, request.Failed, refusal)
	}
	ctx, cancel := context.WithTimeout(ctx, h.cfg.Lease)
	defer cancel()
	ctx, span := h.beginExecution(ctx, r)
	defer span.End()
	cause := h.carryOut(ctx, r)
	next, known := outcome(cause)
	endExecution(span, next, known, cause)
	if !known && r.Execution.Attempts < h.cfg.MaxAttempts {
		h.log.WarnContext(ctx, "approvals.execution_unknown", "request", r.ID, "attempt", r.Execution.Attempts, "error", cause)
		return true, h.store.PostponeExecution(ctx, r, h.pause(r.Execution.Attempts), causeText(cause))
	}
	return true, h.finish(ctx, r, next, cause)
}

// lease takes the next execution. refusal says why it must not be carried out:
// rows can be edited by who has the database, and then chain and decisions do
// not agree with them.
func (h *handlers) lease(ctx context.Context) (leased store.Request, refusal, err error) {
	err = h.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		r, err := tx.NextExecution(ctx)
		if err != nil {
			return err
		}
		if refusal, err = approvedAs(ctx, tx, r); err != nil {
			return err
		}
		leased, err = tx.LeaseExecution(ctx, r, h.cfg.Lease)
		return err
	})
	return leased, refusal, err
}

// approvedAs returns why a request must not be carried out; nil: it was
// approved as it is.
func approvedAs(ctx context.Context, tx *store.Tx, r store.Request) (refusal, err error) {
	told, err := tx.Told(ctx, r)
	if err != nil {
		return nil, err
	}
	made, err := tx.Decisions(ctx, r)
	if err != nil {
		return nil, err
	}
	approvals := 0
	hash := hex.EncodeToString(r.PayloadSHA256)
	for _, d := range decisionsOf(made) {
		if d.Verdict == request.Approve && d.PayloadHash == hash {
			approvals++
		}
	}
	switch {
	case told.PayloadHash != hash:
		return fault.Conflict("the payload is not the one that was submitted").WithReason(request.CodePayloadChanged), nil
	case !told.Approved, r.State == request.Approved && r.Resolution == "" && approvals < r.Required:
		return fault.Conflict("the request was not approved by enough people").WithReason("NOT_APPROVED"), nil
	}
	return nil, nil
}

// carryOut hands the frozen payload, byte for byte, to who executes it, in the
// name of who submitted it.
func (h *handlers) carryOut(ctx context.Context, r store.Request) error {
	payload, err := h.payload(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, h.cfg.CallTimeout)
	defer cancel()
	ctx = tenant.With(ctx, tenant.Identity{
		Tenant: r.Tenant, Organization: r.Organization, Person: tenant.PersonID(r.SubmittedBy.ID), Roles: r.Roles,
	})
	if r.Method != "" {
		return h.call(ctx, r, payload)
	}
	_, err = h.bus.Request(ctx, r.Subject, map[string][]string{
		contract.HeaderContentType:  {"application/json"},
		contract.HeaderApproval:     {r.ID},
		headerIdempotencyKey:        {r.ID},
		headerActionType:            {r.ActionType},
		headerPayloadHash:           {hex.EncodeToString(r.PayloadSHA256)},
		contract.HeaderTenant:       {string(r.Tenant)},
		contract.HeaderOrganization: {string(r.Organization)},
		contract.HeaderPerson:       {r.SubmittedBy.ID},
	}, payload)
	return err
}

// call sends the bytes as they are: a message that knows none of its fields
// keeps them all, unread.
func (h *handlers) call(ctx context.Context, r store.Request, payload []byte) error {
	req := new(emptypb.Empty)
	req.ProtoReflect().SetUnknown(payload)
	m := &contract.Method{FullName: r.Method, Subject: r.Subject}
	return h.bus.Call(bus.WithApproval(ctx, r.ID), m, req, new(emptypb.Empty))
}

// outcome returns what an answer means, and whether it means anything: who
// does not answer may have done it or not.
func outcome(cause error) (next request.ExecutionState, known bool) {
	var refusal *bus.Refusal
	switch {
	case cause == nil, reasonOf(cause) == approval.ReasonApplied:
		return request.Executed, true
	case reasonOf(cause) == approval.ReasonDrift:
		return request.Stale, true
	case errors.As(cause, &refusal) && refusal.Status == 412:
		return request.Stale, true
	case errors.As(cause, &refusal):
		return request.Failed, refusal.Status < 500 && refusal.Status > 0
	case fault.CodeOf(cause) == fault.CodeNotFound && reasonOf(cause) == "" && isSilence(cause):
		return request.Failed, false // nobody listens now
	}
	return request.Failed, fault.Permanent(cause)
}

// isSilence reports whether nobody listens on an action's subject, which may
// be so for a moment only; an owner's own NOT_FOUND is an answer.
func isSilence(cause error) bool {
	f, ok := fault.As(cause)
	return ok && errors.Unwrap(f) != nil
}

// finish writes down how an attempt ended.
func (h *handlers) finish(ctx context.Context, r store.Request, next request.ExecutionState, cause error) error {
	entry := map[request.ExecutionState]string{request.Executed: audit.Executed, request.Failed: audit.Failed, request.Stale: audit.Stale}[next]
	text := causeText(cause)
	if next == request.Executed {
		text = ""
	}
	err := h.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		done, ok, err := tx.FinishExecution(ctx, r, next, text)
		if err != nil || !ok {
			return err
		}
		return h.append(ctx, tx, done, entry, nil, "")
	})
	if err != nil {
		return fmt.Errorf("finish %s as %s: %w", r.ID, next, err)
	}
	h.relay.Kick()
	return nil
}

// pause returns how long to wait after an attempt without an outcome.
func (h *handlers) pause(attempts int) time.Duration {
	pause := h.cfg.RetryPause
	for range min(attempts-1, 20) {
		pause *= 2
		if pause > h.cfg.Lease {
			return h.cfg.Lease
		}
	}
	return pause
}

// maxCause bounds a cause that is kept, in bytes.
const maxCause = 1000

// causeText says why, in words fit for people: faults carry such words, and
// what their causes were stays in logs.
func causeText(cause error) string {
	if cause == nil {
		return ""
	}
	text := cause.Error()
	if f, ok := fault.As(cause); ok {
		text = f.Text()
		if f.Reason != "" {
			text = f.Reason + ": " + text
		}
	}
	return text[:min(len(text), maxCause)]
}
