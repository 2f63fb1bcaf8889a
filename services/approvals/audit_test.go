package approvals_test

import (
	"context"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

// TestVerifyNamesTheRow does to a chain of ten entries what somebody with the
// database's password could: the constraints are off.
func TestVerifyNamesTheRow(t *testing.T) {
	t.Parallel()
	const rehash = `
DO $$ DECLARE r record; h bytea; BEGIN
    SELECT hash INTO h FROM audit_entries WHERE organization_id = '%[1]s' AND seq = %[2]d - 1;
    FOR r IN SELECT * FROM audit_entries WHERE organization_id = '%[1]s' AND seq >= %[2]d ORDER BY seq LOOP
        h := sha256((CASE WHEN r.seq = %[2]d THEN r.previous_hash ELSE h END) || r.entry);
        UPDATE audit_entries SET previous_hash = CASE WHEN r.seq = %[2]d THEN previous_hash ELSE
            (SELECT p.hash FROM audit_entries p WHERE p.organization_id = r.organization_id AND p.seq = r.seq - 1) END, hash = h
        WHERE organization_id = r.organization_id AND seq = r.seq;
    END LOOP; END $$`
	tests := []struct {
		name, kind string
		seq        uint32
		edit       string
	}{
		{"AnEdit", "edited", 4, `UPDATE audit_entries SET entry = replace(convert_from(entry, 'utf8'), 'submitted', 'denied')::bytea WHERE organization_id = '%s' AND seq = 4`},
		{"ADeletion", "deleted", 5, `DELETE FROM audit_entries WHERE organization_id = '%s' AND seq = 5`},
		{"ASwap", "reordered", 3, `UPDATE audit_entries a SET entry = b.entry FROM audit_entries b
WHERE a.organization_id = '%[1]s' AND b.organization_id = '%[1]s' AND (a.seq, b.seq) IN ((3, 6), (6, 3))`},
		{"ATruncation", "truncated", 8, `DELETE FROM audit_entries WHERE organization_id = '%s' AND seq >= 8`},
		{"AChainWrittenAnew", "edited", 4, `UPDATE audit_entries SET entry = replace(convert_from(entry, 'utf8'), 'submitted', 'denied')::bytea WHERE organization_id = '%[1]s' AND seq = 4;` +
			fmt.Sprintf(rehash, "%[1]s", 4)},
	}
	b := setup(t)
	mfa := b.register(t, fine)
	for _, statement := range []string{
		`ALTER TABLE audit_entries DISABLE TRIGGER append_only`,
		`ALTER TABLE audit_entries DROP CONSTRAINT audit_entries_tenant_id_organization_id_previous_seq_previ_fkey`,
		`ALTER TABLE audit_entries DROP CONSTRAINT audit_entries_check`,
	} {
		b.must(t, statement)
	}
	verify := func(t *testing.T, o organization) *actionplanev1.VerifyAuditResponse {
		t.Helper()
		out, err := b.more.VerifyAudit(o.as(t), &actionplanev1.VerifyAuditRequest{OrganizationId: string(o.id)})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := b.chain(t, mfa)
			if out := verify(t, o); !out.GetIntact() || out.GetEntries() < 10 || out.GetAnchored() != out.GetEntries() || !out.GetAnchorsChecked() {
				t.Fatalf("untouched: %v", out)
			}
			b.must(t, fmt.Sprintf(c.edit, o.id))
			out := verify(t, o)
			if out.GetIntact() || out.GetFaults()[0].GetKind() != c.kind || out.GetFaults()[0].GetSequence() != c.seq {
				t.Errorf("got %v", out.GetFaults())
			}
		})
	}
	t.Run("ATruncationThatWasWrittenOver", func(t *testing.T) {
		t.Parallel()
		o := b.chain(t, mfa)
		b.must(t, `DELETE FROM audit_entries WHERE organization_id = $1 AND seq >= 8`, o.id)
		b.must(t, `UPDATE audit_heads SET (seq, hash) = (SELECT seq, hash FROM audit_entries WHERE organization_id = $1 AND seq = 7) WHERE organization_id = $1`, o.id)
		for i := range 5 {
			o.submit(o.as(t), t, mfa, fmt.Sprintf(`{"again":%d}`, i))
		}
		out := verify(t, o)
		if out.GetIntact() || out.GetFaults()[0].GetSequence() != 8 {
			t.Errorf("got %v", out)
		}
	})
}

// chain makes an organization with at least ten entries.
func (b *bundle) chain(t *testing.T, actionType string) organization {
	t.Helper()
	o := b.gated(t, 1)
	until(t, func() (int, bool) { // turning approvals on is the first entry
		out, err := b.more.ListApprovalEvents(o.as(t), &actionplanev1.ListApprovalEventsRequest{OrganizationId: string(o.id)})
		return len(out.GetEvents()), err == nil && len(out.GetEvents()) == 1
	})
	for i := range 9 {
		o.submit(o.as(t), t, actionType, fmt.Sprintf(`{"n":%d}`, i))
	}
	return o
}

// TestEverythingIsToldOf wants an event for each entry of a request's history.
func TestEverythingIsToldOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := b.gated(t, 2)
	told := make(chan *eventsv1.Event, 100)
	bustest.Run(t, func(ctx context.Context) error {
		return b.conn.Consume(ctx, bus.Consumer{Stream: contract.EventsStream, Name: "test"}, func(_ context.Context, m bus.Message) error {
			e := new(eventsv1.Event)
			err := proto.Unmarshal(m.Data, e)
			told <- e
			return err
		})
	})
	r := o.submit(o.as(t), t, b.register(t, fine), `{}`)
	for range 2 {
		if _, err := o.approve(o.as(t), r.GetId()); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]bool{"submitted": true, "decided": true, "approved": true, "executed": true}
	for len(want) > 0 {
		e := <-told
		if e.GetAggregateId() == r.GetId() {
			if e.GetOrganizationId() != string(o.id) || e.GetOrderingKey() != r.GetId() {
				t.Errorf("got %v", e)
			}
			delete(want, e.GetType()[len("actionplane.approval."):])
		}
	}
	events, err := b.more.ListAdminActionEvents(o.as(t), &actionplanev1.ListAdminActionEventsRequest{OrganizationId: string(o.id), AdminActionRequestId: r.GetId()})
	if err != nil || len(events.GetEvents()) != 4 {
		t.Errorf("history: %v, %v", events, err)
	}
}
