package approvals_test

import (
	"context"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
)

// rounds is how many races are run: ACTIONPLANE_TEST_RACES, else a number that
// takes a few seconds.
func rounds(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("ACTIONPLANE_TEST_RACES"))
	if err != nil {
		return 60
	}
	return n
}

// TestRacesHaveOneWinner lets people approve, deny and cancel at once, through
// two replicas, while the time of a part of the requests runs out. Each request
// ends once, is executed at most once, and its history tells exactly that.
func TestRacesHaveOneWinner(t *testing.T) {
	t.Parallel()
	b := setup(t)
	executed := sync.Map{} // request -> *atomic.Int32
	mfa := b.register(t, func(m *nats.Msg) {
		n, _ := executed.LoadOrStore(m.Header.Get("Idempotency-Key"), new(atomic.Int32))
		n.(*atomic.Int32).Add(1)
		fine(m)
	})
	o := b.gated(t, 2)
	slots := make(chan struct{}, 4) // races at once
	var races sync.WaitGroup
	for i := range rounds(t) {
		slots <- struct{}{}
		races.Go(func() {
			defer func() { <-slots }()
			o.race(t, mfa, i%3 == 0)
		})
	}
	races.Wait()
	executed.Range(func(id, n any) bool {
		if n := n.(*atomic.Int32).Load(); n != 1 {
			t.Errorf("%s was executed %d times", id, n)
		}
		return true
	})
	if out, err := b.more.VerifyAudit(o.as(t), &actionplanev1.VerifyAuditRequest{OrganizationId: string(o.id)}); err != nil || !out.GetIntact() {
		t.Errorf("the chain: %v, %v", out, err)
	}
}

// race is one round.
func (o organization) race(t *testing.T, actionType string, expires bool) {
	submitter := o.as(t)
	out, err := o.b.more.SubmitAction(submitter, &actionplanev1.SubmitActionRequest{ActionType: actionType, Payload: []byte(`{"n":"` + ident.NewUUID() + `"}`)})
	if err != nil {
		t.Error(err)
		return
	}
	id := out.GetActionRequest().GetId()
	var people sync.WaitGroup
	act := func(ctx context.Context, do func(context.Context, string) error) {
		people.Go(func() {
			err := do(ctx, id)
			f, refused := fault.As(err)
			if err != nil && (!refused || f.Reason == "" || f.HTTPStatus() != 409 && f.HTTPStatus() != 403) {
				t.Errorf("refused without a code: %v", err)
			}
		})
	}
	approve := func(ctx context.Context, id string) error { _, err := o.approve(ctx, id); return err }
	deny := func(ctx context.Context, id string) error { _, err := o.deny(ctx, id); return err }
	cancel := func(ctx context.Context, id string) error { _, err := o.cancel(ctx, id); return err }
	twice := o.as(t)
	for _, ctx := range []context.Context{o.as(t), o.as(t), twice, twice} {
		act(ctx, approve)
	}
	act(o.as(t), deny)
	act(submitter, cancel)
	act(submitter, approve)
	if expires {
		people.Go(func() {
			_, err := o.b.db.Exec(t.Context(), `UPDATE approval_requests SET created_at = created_at - (expires_at - clock_timestamp()), expires_at = clock_timestamp()
WHERE id = $1 AND state = 'pending'`, id)
			if err != nil {
				t.Error(err)
			}
		})
	}
	people.Wait()
	o.wantOneEnd(t, id)
}

// wantOneEnd compares a request with what was written down about it.
func (o organization) wantOneEnd(t *testing.T, id string) {
	r := o.settled(t, id)
	if r.GetStatus() == "pending" || r.ResolvedAt == nil {
		// The time was moved while nobody else had anything left to do: the
		// sweeper comes by.
		r = until(t, func() (*dynamicv0.AdminActionRequest, bool) { r := o.load(t, id); return r, r.ResolvedAt != nil })
	}
	events, err := o.b.more.ListAdminActionEvents(o.as(t), &actionplanev1.ListAdminActionEventsRequest{OrganizationId: string(o.id), AdminActionRequestId: id})
	if err != nil {
		t.Error(err)
		return
	}
	count := map[string]int{}
	for _, e := range events.GetEvents() {
		count[e.GetType()]++
	}
	ends := count["approved"] + count["denied"] + count["canceled"] + count["expired"]
	if ends != 1 || count["executed"] != count["approved"] || count["submitted"] != 1 {
		t.Errorf("%s is %s: %v", id, r.GetStatus(), count)
	}
	approvals := 0
	for _, d := range r.GetResponses() {
		if d.GetDecision() == "approved" {
			approvals++
		}
		if d.GetReviewerId() == r.GetSubmittedById() {
			t.Errorf("%s was decided by who submitted it", id)
		}
	}
	if r.GetStatus() == "approved" && (approvals < 2 || approvals != len(r.GetResponses())) {
		t.Errorf("%s is approved with %v", id, r.GetResponses())
	}
}
