package approvals_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals"
)

func TestExecution(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.room(t)

	t.Run("OfAMethodChangesTheOwnersRowOnce", func(t *testing.T) {
		t.Parallel()
		o, thing := b.gated(t, 1), r.add(t)
		id := r.queue(o.as(t), t, thing)
		if r.deleted(t, thing) != 0 {
			t.Fatal("it did not wait")
		}
		if _, err := o.approve(o.as(t), id); err != nil {
			t.Fatal(err)
		}
		if done := o.settled(t, id); done.GetExecution().GetState() != "executed" || r.deleted(t, thing) != 1 {
			t.Errorf("got %v, deleted %d times", done.GetExecution(), r.deleted(t, thing))
		}
	})
	t.Run("GoesOnInTheTraceOfTheDecision", func(t *testing.T) {
		t.Parallel()
		o, thing := b.gated(t, 1), r.add(t)
		id := r.queue(o.as(t), t, thing)
		const decision = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
		traced, _ := telemetry.WithTraceparent(o.as(t), decision)
		if _, err := o.approve(traced, id); err != nil {
			t.Fatal(err)
		}
		o.settled(t, id)
		var kept string
		if err := b.db.QueryRow(t.Context(), `SELECT traceparent FROM approval_requests WHERE id = $1`, id).Scan(&kept); err != nil || kept != decision {
			t.Errorf("kept %q, %v", kept, err)
		}
		if got, _ := r.traces.Load(thing); got != trace.SpanContextFromContext(traced).TraceID() {
			t.Errorf("the owner was called in trace %s", got)
		}
	})
	t.Run("OfWhatHasMovedIsStale", func(t *testing.T) {
		t.Parallel()
		o, thing := b.gated(t, 1), r.add(t)
		id := r.queue(o.as(t), t, thing)
		if _, err := r.db.Exec(t.Context(), `UPDATE things SET name = 'other' WHERE id = $1`, thing); err != nil {
			t.Fatal(err)
		}
		if _, err := o.approve(o.as(t), id); err != nil {
			t.Fatal(err)
		}
		done := o.settled(t, id)
		if done.GetExecution().GetState() != "stale" || done.GetExecution().GetError() == "" || r.deleted(t, thing) != 0 {
			t.Errorf("got %v", done.GetExecution())
		}
		_, err := b.more.RetryAdminActionRequest(o.as(t), &actionplanev1.RetryAdminActionRequestRequest{OrganizationId: string(o.id), AdminActionRequestId: id})
		wantRefusal(t, err, 409, "STATE_DRIFT")
	})
	t.Run("WhatWouldFailIsNotQueued", func(t *testing.T) {
		t.Parallel()
		o := b.gated(t, 1)
		if err := r.call(o.as(t), ident.NewUUID()); fault.CodeOf(err) != fault.CodeNotFound {
			t.Errorf("got %v", err)
		}
	})
	t.Run("TheSameThingWaitsOnce", func(t *testing.T) {
		t.Parallel()
		o, thing := b.gated(t, 1), r.add(t)
		r.queue(o.as(t), t, thing)
		wantRefusal(t, r.call(o.as(t), thing), 409, "DUPLICATE_PENDING")
	})
	t.Run("CannotBeForged", func(t *testing.T) {
		t.Parallel()
		o, thing := b.gated(t, 1), r.add(t)
		submitter := o.as(t)
		id := r.queue(submitter, t, thing)
		for _, forged := range []string{id, ident.NewUUID(), "x"} {
			wantRefusal(t, r.call(bus.WithApproval(submitter, forged), thing), 403, approval.ReasonNotExecuting)
		}
		if _, err := o.approve(o.as(t), id); err != nil {
			t.Fatal(err)
		}
		o.settled(t, id)
		other := r.add(t) // what was approved is for its own bytes, and once
		for _, what := range []string{thing, other} {
			wantRefusal(t, r.call(bus.WithApproval(submitter, id), what), 403, approval.ReasonNotExecuting)
		}
		if r.deleted(t, thing) != 1 || r.deleted(t, other) != 0 {
			t.Errorf("deleted %d and %d times", r.deleted(t, thing), r.deleted(t, other))
		}
	})
	t.Run("WithApprovalsOffIsRecorded", func(t *testing.T) {
		t.Parallel()
		ctx, who := as(t.Context())
		o, thing := organization{b: b, id: who.Organization}, r.add(t)
		if err := r.call(ctx, thing); err != nil || r.deleted(t, thing) != 1 {
			t.Fatal(err)
		}
		list := until(t, func() (*dynamicv0.AdminActionList, bool) {
			l, err := b.actions.ListAdminActionRequests(ctx, &dynamicv0.ListAdminActionRequestsRequest{OrganizationId: string(o.id)})
			return l, err == nil && l.GetTotal() == 1
		})
		got := list.GetItems()[0]
		if got.GetStatus() != "auto_approved" || got.GetActionType() != "delete_target" || got.GetTargetEntityId() != thing || got.GetSubmittedById() != string(who.Person) {
			t.Errorf("got %v", got)
		}
		events, err := b.more.ListApprovalEvents(ctx, &actionplanev1.ListApprovalEventsRequest{OrganizationId: string(o.id)})
		if err != nil || len(events.GetEvents()) != 1 || events.GetEvents()[0].GetType() != "auto_approved" {
			t.Errorf("got %v, %v", events, err)
		}
	})
	t.Run("OfWhoComesFromNowhereIsHeldToTheStrictest", func(t *testing.T) {
		t.Parallel()
		b.gated(t, 1)
		ctx := tenant.With(t.Context(), tenant.Identity{Tenant: tenant.Default})
		wantRefusal(t, r.call(ctx, r.add(t)), 403, "SUBMITTER_UNKNOWN")
	})
}

func TestActions(t *testing.T) {
	t.Parallel()
	b := setup(t)

	t.Run("GetTheFrozenPayloadWithItsKey", func(t *testing.T) {
		t.Parallel()
		got := make(chan *nats.Msg, 10)
		mfa := b.register(t, func(m *nats.Msg) { got <- m; fine(m) })
		o := b.gated(t, 1)
		const payload = `{ "z":1, "a": 12345678901234567890,"password":"p"}`
		submitter := o.as(t)
		r := o.submit(submitter, t, mfa, payload)
		if _, err := o.approve(o.as(t), r.GetId()); err != nil {
			t.Fatal(err)
		}
		o.settled(t, r.GetId())
		m := <-got
		sum := sha256.Sum256(m.Data)
		if string(m.Data) != payload || hex.EncodeToString(sum[:]) != r.GetPayloadHash() ||
			m.Header.Get("Idempotency-Key") != r.GetId() || m.Header.Get(contract.HeaderPerson) != personOf(submitter) {
			t.Errorf("got %s with %v", m.Data, m.Header)
		}
		if len(got) != 0 {
			t.Error("it came twice")
		}
	})
	t.Run("WithApprovalsOffAreCarriedOutAtOnce", func(t *testing.T) {
		t.Parallel()
		ctx, who := as(t.Context())
		o := organization{b: b, id: who.Organization}
		r := o.submit(ctx, t, b.register(t, fine), `{}`)
		if r.GetStatus() != "auto_approved" {
			t.Errorf("got %v", r)
		}
		if done := o.settled(t, r.GetId()); done.GetExecution().GetState() != "executed" {
			t.Errorf("got %v", done)
		}
	})
	t.Run("ThatAreRefusedFailAndCanBeRetried", func(t *testing.T) {
		t.Parallel()
		var calls atomic.Int32
		mfa := b.register(t, func(m *nats.Msg) {
			if calls.Add(1) == 1 {
				_ = m.RespondMsg(&nats.Msg{Header: nats.Header{contract.HeaderErrorCode: {"422"}, contract.HeaderErrorText: {"no such user"}}})
				return
			}
			fine(m)
		})
		o := b.gated(t, 1)
		submitter := o.as(t)
		r := o.submit(submitter, t, mfa, `{}`)
		if _, err := o.approve(o.as(t), r.GetId()); err != nil {
			t.Fatal(err)
		}
		failed := o.settled(t, r.GetId())
		if failed.GetExecution().GetState() != "failed" || failed.GetExecution().GetError() == "" {
			t.Errorf("got %v", failed.GetExecution())
		}
		again := &actionplanev1.RetryAdminActionRequestRequest{OrganizationId: string(o.id), AdminActionRequestId: r.GetId()}
		if _, err := b.more.RetryAdminActionRequest(submitter, again); err != nil {
			t.Fatal(err)
		}
		if done := o.settled(t, r.GetId()); done.GetExecution().GetState() != "executed" || done.GetExecution().Error != nil {
			t.Errorf("got %v", done.GetExecution())
		}
		_, err := b.more.RetryAdminActionRequest(submitter, again)
		wantRefusal(t, err, 409, "NOT_FAILED")
	})
	t.Run("ThatFailedCanBeGivenUp", func(t *testing.T) {
		t.Parallel()
		mfa := b.register(t, func(m *nats.Msg) {
			_ = m.RespondMsg(&nats.Msg{Header: nats.Header{contract.HeaderErrorCode: {"400"}, contract.HeaderErrorText: {"no"}}})
		})
		o := b.gated(t, 1)
		submitter := o.as(t)
		r := o.submit(submitter, t, mfa, `{}`)
		if _, err := o.approve(o.as(t), r.GetId()); err != nil {
			t.Fatal(err)
		}
		o.settled(t, r.GetId())
		got, err := o.cancel(submitter, r.GetId())
		if err != nil || got.GetStatus() != "approved" || got.GetExecution().GetState() != "abandoned" {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("CannotReachOurOwnSubjects", func(t *testing.T) {
		t.Parallel()
		for _, subject := range []string{"actionplane.targets.v1.rpc.delete_target.x", "$SYS.x", "_INBOX.x", "a.*"} {
			_, err := b.more.RegisterActionType(b.anybody(t), &actionplanev1.RegisterActionTypeRequest{Name: "mine", DisplayName: "x", Subject: subject})
			if fault.CodeOf(err) != fault.CodeInvalid {
				t.Errorf("%s: got %v", subject, err)
			}
		}
		_, err := b.more.RegisterActionType(b.anybody(t), &actionplanev1.RegisterActionTypeRequest{Name: "settings_change", DisplayName: "x", Subject: "a.b"})
		if fault.CodeOf(err) != fault.CodeInvalid {
			t.Errorf("got %v", err)
		}
	})
	t.Run("OfNobodysTypeAreRefused", func(t *testing.T) {
		t.Parallel()
		_, err := b.more.SubmitAction(b.anybody(t), &actionplanev1.SubmitActionRequest{ActionType: "nobodys"})
		wantRefusal(t, err, 404, "UNKNOWN_ACTION_TYPE")
	})
}

// TestEditedRowsAreNotExecuted approves requests by hand, in the database.
func TestEditedRowsAreNotExecuted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var calls atomic.Int32
	mfa := b.register(t, func(m *nats.Msg) { calls.Add(1); fine(m) })
	o := b.gated(t, 2)
	for name, edit := range map[string]string{
		"the state":                 `UPDATE approval_requests SET state = 'approved', resolved_at = now(), execution_state = 'queued' WHERE id = $1`,
		"the state and the payload": `UPDATE approval_requests SET payload = '{}', payload_sha256 = sha256('{}'), state = 'approved', resolved_at = now(), execution_state = 'queued' WHERE id = $1`,
	} {
		r := o.submit(o.as(t), t, mfa, `{"for":"`+name+`"}`)
		b.must(t, edit, r.GetId())
		if got := o.settled(t, r.GetId()); got.GetExecution().GetState() != "failed" {
			t.Errorf("%s: got %v", name, got.GetExecution())
		}
	}
	if calls.Load() != 0 {
		t.Errorf("%d were carried out", calls.Load())
	}
}

// TestExecutedOnceWhateverBreaks breaks one thing after the other while a
// request is executed: the database connection at each of the writes, which is
// what a kill at that point leaves behind, and the owner's answer.
func TestExecutedOnceWhateverBreaks(t *testing.T) {
	t.Parallel()
	quick := func(c *approvals.Config) {
		c.Lease, c.CallTimeout, c.MaxAttempts = 400*time.Millisecond, 300*time.Millisecond, 1000
	}

	t.Run("TheConnectionDiesAtEachWrite", func(t *testing.T) {
		t.Parallel()
		b := setup(t, quick)
		r := b.room(t)
		o := b.gated(t, 1)
		b.must(t, `CREATE SEQUENCE writes`)
		b.must(t, `CREATE TABLE break_at (write bigint)`)
		b.must(t, `CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('writes') = (SELECT write FROM break_at) THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
    RETURN NEW;
END $$`)
		// The writes of an execution: the lease; then the outcome, its entry, the
		// head, the anchor and the event.
		for _, table := range []string{"approval_requests", "audit_entries", "audit_heads", "outbox"} {
			b.must(t, `CREATE TRIGGER die BEFORE INSERT OR UPDATE ON `+table+` FOR EACH ROW EXECUTE FUNCTION die()`)
		}
		for write := 1; write <= 20; write++ {
			thing := r.add(t)
			id := r.queue(o.as(t), t, thing)
			b.must(t, `SELECT setval('writes', 1, false)`)
			b.must(t, `INSERT INTO break_at VALUES ($1)`, write)
			reviewer := o.as(t)
			_ = until(t, func() (string, bool) { // a decision that died is made again: it is the same one
				got, err := o.approve(reviewer, id)
				return got.GetStatus(), err == nil && got.GetStatus() == "approved"
			})
			done := o.settled(t, id)
			if done.GetExecution().GetState() != "executed" || r.deleted(t, thing) != 1 {
				t.Errorf("broken at write %d: %v, deleted %d times", write, done.GetExecution(), r.deleted(t, thing))
			}
			b.must(t, `DELETE FROM break_at`)
		}
		if out, err := b.more.VerifyAudit(o.as(t), &actionplanev1.VerifyAuditRequest{OrganizationId: string(o.id)}); err != nil || !out.GetIntact() {
			t.Errorf("the chain: %v, %v", out, err)
		}
	})
	t.Run("TheAnswerIsLost", func(t *testing.T) {
		t.Parallel()
		b := setup(t, quick)
		r := b.room(t)
		var lost atomic.Int32
		r.trouble = func() error {
			if lost.Add(1) <= 2 {
				return errors.New("gone")
			}
			return nil
		}
		o, thing := b.gated(t, 1), r.add(t)
		id := r.queue(o.as(t), t, thing)
		if _, err := o.approve(o.as(t), id); err != nil {
			t.Fatal(err)
		}
		done := o.settled(t, id)
		if done.GetExecution().GetState() != "executed" || done.GetExecution().GetAttempts() < 2 || r.deleted(t, thing) != 1 {
			t.Errorf("got %v, deleted %d times", done.GetExecution(), r.deleted(t, thing))
		}
	})
	t.Run("TheServiceIsSilent", func(t *testing.T) {
		t.Parallel()
		b := setup(t, quick)
		var calls atomic.Int32
		keys := sync.Map{}
		mfa := b.register(t, func(m *nats.Msg) {
			keys.Store(m.Header.Get("Idempotency-Key"), true)
			if calls.Add(1) > 2 {
				fine(m)
			}
		})
		o := b.gated(t, 1)
		r := o.submit(o.as(t), t, mfa, `{}`)
		if _, err := o.approve(o.as(t), r.GetId()); err != nil {
			t.Fatal(err)
		}
		if done := o.settled(t, r.GetId()); done.GetExecution().GetState() != "executed" {
			t.Errorf("got %v", done.GetExecution())
		}
		n := 0
		keys.Range(func(key, _ any) bool { n++; return key == r.GetId() })
		if n != 1 {
			t.Errorf("%d keys", n)
		}
	})
}

func TestPayloadsAreKeptEncrypted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mfa := b.register(t, fine)
	o := b.gated(t, 1)
	r := o.submit(o.as(t), t, mfa, `{"hidden":"hunter2","userId":"u"}`)
	for _, table := range []string{"approval_requests", "audit_entries", "outbox", "notices"} {
		var rows string
		if err := b.db.QueryRow(t.Context(), `SELECT coalesce(string_agg(encode(convert_to(t::text, 'UTF8'), 'escape'), ''), '') FROM `+table+` t`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(rows, "hunter2") || strings.Contains(rows, hex.EncodeToString([]byte("hunter2"))) {
			t.Errorf("%s: %s", table, rows)
		}
	}
	if _, err := o.approve(o.as(t), r.GetId()); err != nil {
		t.Fatal(err)
	}
	if done := o.settled(t, r.GetId()); done.GetExecution().GetState() != "executed" {
		t.Errorf("got %v", done.GetExecution())
	}

	other := o.submit(o.as(t), t, mfa, `{"userId":"other"}`)
	b.must(t, `UPDATE approval_requests SET payload = (SELECT payload FROM approval_requests WHERE id = $2) WHERE id = $1`, other.GetId(), r.GetId())
	if _, err := o.approve(o.as(t), other.GetId()); err != nil {
		t.Fatal(err)
	}
	if done := o.settled(t, other.GetId()); done.GetExecution().GetState() != "failed" {
		t.Errorf("with another request's payload: got %v", done.GetExecution())
	}
	cfg := configured()
	cfg.MasterKey = config.NewSecret("another master key")
	o.submit(o.as(t), t, mfa, `{"userId":"open"}`)
	s, err := approvals.New(cfg, host.Deps{Log: slog.New(slog.DiscardHandler), Telemetry: telemetry.Nop(), Bus: b.server.Connect(t, "approvals"), DB: b.open(t, b.url, "approvals")})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "another ACTIONPLANE_MASTER_KEY") {
		t.Errorf("a replica with another key: %v", err)
	}
}
