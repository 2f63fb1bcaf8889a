package approvals_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/libs/tenant"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals"
)

func TestGet(t *testing.T) {
	t.Parallel()
	b := setup(t)

	t.Run("AnswersDefaultsWhereNobodyWroteAny", func(t *testing.T) {
		t.Parallel()
		ctx, _ := as(t.Context())
		got, err := b.get(ctx)
		if err != nil {
			t.Fatal(err)
		}
		want := &dynamicv0.OrganizationSettings{
			ApprovalEnabled: new(false), ApprovalTtlHours: new(int32(24)), ApprovalRequiredApprovals: new(int32(1)),
		}
		if !proto.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("AnotherOrganizationDoesNotExist", func(t *testing.T) {
		t.Parallel()
		ctx, _ := as(t.Context())
		elsewhere, _ := as(t.Context())
		if _, err := b.update(elsewhere, &dynamicv0.UpdateOrganizationSettingsRequest{}); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{string(tenant.From(elsewhere).Organization), ident.NewUUID()} {
			_, err := b.GetOrganizationSettings(ctx, &dynamicv0.GetOrganizationSettingsRequest{OrganizationId: id})
			wantFault(t, err, fault.CodeNotFound, "not_found")
			_, err = b.UpdateOrganizationSettings(ctx, &dynamicv0.UpdateOrganizationSettingsRequest{OrganizationId: id, ApprovalTtlHours: new(int32(1))})
			wantFault(t, err, fault.CodeNotFound, "not_found")
		}
		_, err := b.GetOrganizationSettings(bus.WithChecked(t.Context()), &dynamicv0.GetOrganizationSettingsRequest{})
		wantFault(t, err, fault.CodeNotFound, "not_found") // nobody, about nothing
	})
	t.Run("AnotherTenantsSettingsAreItsOwn", func(t *testing.T) {
		t.Parallel()
		ctx, who := as(t.Context())
		if _, err := b.update(ctx, &dynamicv0.UpdateOrganizationSettingsRequest{ApprovalTtlHours: new(int32(9))}); err != nil {
			t.Fatal(err)
		}
		who.Tenant = tenant.ID(ident.NewUUID())
		got, err := b.get(tenant.With(t.Context(), who))
		if err != nil || got.GetApprovalTtlHours() != 24 || got.Id != nil {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	b := setup(t)

	t.Run("TheFirstWriteMakesTheRow", func(t *testing.T) {
		t.Parallel()
		ctx, who := as(t.Context())
		got, err := b.update(ctx, &dynamicv0.UpdateOrganizationSettingsRequest{ApprovalTtlHours: new(int32(48))})
		if err != nil {
			t.Fatal(err)
		}
		if line(got) != "false 48 1" || !ident.IsUUID(got.GetId()) || got.GetOrganizationId() != string(who.Organization) ||
			got.GetUpdatedById() != string(who.Person) || !got.GetCreatedAt().AsTime().Equal(got.GetUpdatedAt().AsTime()) {
			t.Errorf("got %v", got)
		}
		if read, err := b.get(ctx); err != nil || !proto.Equal(read, got) {
			t.Errorf("got %v, %v", read, err)
		}
	})
	t.Run("OnlyWhatIsPresentChanges", func(t *testing.T) {
		t.Parallel()
		ctx, _ := as(t.Context())
		for i, step := range []struct {
			in   *dynamicv0.UpdateOrganizationSettingsRequest
			want string
		}{
			{&dynamicv0.UpdateOrganizationSettingsRequest{ApprovalEnabled: new(true)}, "true 24 1"},
			{&dynamicv0.UpdateOrganizationSettingsRequest{ApprovalRequiredApprovals: new(int32(2))}, "true 24 2"},
			{&dynamicv0.UpdateOrganizationSettingsRequest{ApprovalTtlHours: new(int32(12))}, "true 12 2"},
			{&dynamicv0.UpdateOrganizationSettingsRequest{}, "true 12 2"},
		} {
			if got, err := b.update(ctx, step.in); err != nil || line(got) != step.want {
				t.Fatalf("step %d: got %v, %v", i, got, err)
			}
		}
	})
	t.Run("WhatChangesNothingLeavesNoTrace", func(t *testing.T) {
		t.Parallel()
		ctx, who := as(t.Context())
		in := &dynamicv0.UpdateOrganizationSettingsRequest{ApprovalTtlHours: new(int32(48))}
		first, err := b.update(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		who.Person = tenant.PersonID(ident.NewUUID())
		again, err := b.update(tenant.With(t.Context(), who), in)
		if err != nil || !proto.Equal(first, again) {
			t.Errorf("got %v, %v", again, err)
		}
	})
	t.Run("AnInternalServiceHasNoPerson", func(t *testing.T) {
		t.Parallel()
		_, who := as(t.Context())
		who.Person = ""
		got, err := b.update(tenant.With(t.Context(), who), &dynamicv0.UpdateOrganizationSettingsRequest{})
		if err != nil || got.UpdatedById != nil || got.Id == nil {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("WhatIsOutOfRangeIsRefused", func(t *testing.T) {
		t.Parallel()
		ctx, _ := as(t.Context())
		for _, in := range []*dynamicv0.UpdateOrganizationSettingsRequest{
			{ApprovalTtlHours: new(int32(0))},
			{ApprovalTtlHours: new(int32(169))},
			{ApprovalRequiredApprovals: new(int32(0))},
			{ApprovalEnabled: new(true), ApprovalRequiredApprovals: new(int32(-1))},
		} {
			for name, ctx := range map[string]context.Context{"here": ctx, "at the edge": bus.WithChecked(ctx)} {
				_, err := b.update(ctx, in)
				if fault.CodeOf(err) != fault.CodeInvalid {
					t.Errorf("%v, checked %s: got %v", in, name, err)
				}
			}
		}
		if got, err := b.get(ctx); err != nil || got.Id != nil {
			t.Errorf("a refused write made a row: %v, %v", got, err)
		}
	})
}

func TestThreshold(t *testing.T) {
	t.Parallel()
	const tooHigh = "APPROVAL_THRESHOLD_TOO_HIGH"

	t.Run("IsAtMostTheOthers", func(t *testing.T) {
		t.Parallel()
		b := setup(t) // three reviewers
		ctx, _ := as(t.Context())
		_, err := b.update(ctx, &dynamicv0.UpdateOrganizationSettingsRequest{ApprovalRequiredApprovals: new(int32(3)), ApprovalTtlHours: new(int32(9))})
		wantFault(t, err, fault.CodeInvalid, tooHigh)
		if got, err := b.get(ctx); err != nil || line(got) != "false 24 1" || got.Id != nil {
			t.Errorf("got %v, %v", got, err)
		}
		got, err := b.update(ctx, &dynamicv0.UpdateOrganizationSettingsRequest{ApprovalRequiredApprovals: new(int32(2))})
		if err != nil || line(got) != "false 24 2" {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("OnePersonCannotTurnItOn", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		ctx, _ := as(t.Context())
		for _, reviewers := range []uint32{0, 1} {
			b.access.reviewers.Store(reviewers)
			_, err := b.update(ctx, &dynamicv0.UpdateOrganizationSettingsRequest{ApprovalEnabled: new(true)})
			wantFault(t, err, fault.CodeInvalid, tooHigh)
		}
		b.access.reviewers.Store(2)
		if got, err := b.update(ctx, &dynamicv0.UpdateOrganizationSettingsRequest{ApprovalEnabled: new(true)}); err != nil || !got.GetApprovalEnabled() {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("StaysWhenPeopleLeave", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		ctx, _ := as(t.Context())
		if _, err := b.update(ctx, &dynamicv0.UpdateOrganizationSettingsRequest{ApprovalEnabled: new(true), ApprovalRequiredApprovals: new(int32(2))}); err != nil {
			t.Fatal(err)
		}
		b.access.reviewers.Store(1)
		got, err := b.update(ctx, &dynamicv0.UpdateOrganizationSettingsRequest{ApprovalTtlHours: new(int32(1))})
		if err != nil || line(got) != "true 1 2" {
			t.Errorf("got %v, %v", got, err)
		}
		_, err = b.update(ctx, &dynamicv0.UpdateOrganizationSettingsRequest{ApprovalEnabled: new(true)})
		wantFault(t, err, fault.CodeInvalid, tooHigh)
	})
}

func TestAccessIsAway(t *testing.T) {
	t.Parallel()
	refused := func(t *testing.T, b *bundle, want fault.Code) {
		t.Helper()
		ctx, _ := as(t.Context())
		for _, in := range []*dynamicv0.UpdateOrganizationSettingsRequest{
			{ApprovalRequiredApprovals: new(int32(1)), ApprovalTtlHours: new(int32(2))},
			{ApprovalEnabled: new(true)},
		} {
			if _, err := b.update(ctx, in); fault.CodeOf(err) != want {
				t.Errorf("%v: got %v", in, err)
			}
		}
		if got, err := b.get(ctx); err != nil || got.Id != nil {
			t.Errorf("got %v, %v", got, err)
		}
	}

	t.Run("ThresholdsAreUnavailable", func(t *testing.T) {
		t.Parallel()
		refused(t, setupAlone(t, impatient), fault.CodeUnavailable)
	})
	t.Run("AnAccessThatHangsIsAway", func(t *testing.T) {
		t.Parallel()
		b := setupAlone(t, impatient)
		b.serveAccess(t, &access{answer: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }})
		refused(t, b, fault.CodeUnavailable)
	})
	t.Run("AnAccessWithoutItsDatabaseIsAway", func(t *testing.T) {
		t.Parallel()
		b := setupAlone(t, impatient)
		b.serveAccess(t, &access{answer: func(context.Context) error { return fault.Unavailable("database is unavailable") }})
		refused(t, b, fault.CodeUnavailable)
	})
	t.Run("WhatAccessDoesNotKnowDoesNotExist", func(t *testing.T) {
		t.Parallel()
		b := setupAlone(t, impatient)
		b.serveAccess(t, &access{answer: func(context.Context) error { return fault.NotFound("organization not found") }})
		refused(t, b, fault.CodeNotFound)
	})
	t.Run("TheRestGoesOn", func(t *testing.T) {
		t.Parallel()
		b := setupAlone(t, impatient)
		ctx, _ := as(t.Context())
		got, err := b.update(ctx, &dynamicv0.UpdateOrganizationSettingsRequest{ApprovalEnabled: new(false), ApprovalTtlHours: new(int32(9))})
		if err != nil || line(got) != "false 9 1" {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// TestConcurrentWritersLoseNothing lets one writer per field race, the first
// write included, through both replicas.
func TestConcurrentWritersLoseNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.access.reviewers.Store(100)
	for range 20 {
		ctx, _ := as(t.Context())
		var writers sync.WaitGroup
		for _, in := range []*dynamicv0.UpdateOrganizationSettingsRequest{
			{ApprovalEnabled: new(true)},
			{ApprovalTtlHours: new(int32(20))},
			{ApprovalRequiredApprovals: new(int32(7))},
			{},
		} {
			writers.Go(func() {
				if _, err := b.update(ctx, in); err != nil {
					t.Error(err)
				}
			})
		}
		writers.Wait()
		if got, err := b.get(ctx); err != nil || line(got) != "true 20 7" {
			t.Fatalf("got %v, %v", got, err)
		}
	}
}

// TestUpdatesMatchAModel sends random partial updates and compares every
// answer, and what is read afterwards, with three variables.
func TestUpdatesMatchAModel(t *testing.T) {
	t.Parallel()
	b := setup(t) // three reviewers
	rapid.Check(t, func(rt *rapid.T) {
		ctx, _ := as(t.Context())
		enabled, ttl, required := false, int32(24), int32(1)
		for range rapid.IntRange(1, 6).Draw(rt, "updates") {
			in := &dynamicv0.UpdateOrganizationSettingsRequest{
				ApprovalEnabled:           rapid.Ptr(rapid.Bool(), true).Draw(rt, "enabled"),
				ApprovalTtlHours:          rapid.Ptr(rapid.Int32Range(-1, 170), true).Draw(rt, "ttl"),
				ApprovalRequiredApprovals: rapid.Ptr(rapid.Int32Range(-1, 4), true).Draw(rt, "required"),
			}
			_, err := b.update(ctx, in)
			f, _ := fault.As(err)
			if enabled && weaker(in, ttl, required) && f != nil && (f.Reason == approval.ReasonRequired || f.Reason == "DUPLICATE_PENDING") {
				err = nil // it waits, and nothing has changed
				in = &dynamicv0.UpdateOrganizationSettingsRequest{}
			}
			refused := in.ApprovalTtlHours != nil && (in.GetApprovalTtlHours() < 1 || in.GetApprovalTtlHours() > 168) ||
				in.ApprovalRequiredApprovals != nil && (in.GetApprovalRequiredApprovals() < 1 || in.GetApprovalRequiredApprovals() > 2)
			if (err != nil) != refused || err != nil && fault.CodeOf(err) != fault.CodeInvalid {
				rt.Fatalf("%v: got %v", in, err)
			}
			if !refused {
				enabled, ttl, required = or(in.ApprovalEnabled, enabled), or(in.ApprovalTtlHours, ttl), or(in.ApprovalRequiredApprovals, required)
			}
			if got, err := b.get(ctx); err != nil || line(got) != fmt.Sprint(enabled, ttl, required) {
				rt.Fatalf("%v: got %v, %v", in, got, err)
			}
		}
	})
}

// weaker reports whether an update of settings that are on weakens them.
func weaker(in *dynamicv0.UpdateOrganizationSettingsRequest, ttl, required int32) bool {
	return !or(in.ApprovalEnabled, true) || or(in.ApprovalTtlHours, ttl) > ttl || or(in.ApprovalRequiredApprovals, required) < required
}

func or[T any](sent *T, otherwise T) T {
	if sent != nil {
		return *sent
	}
	return otherwise
}

// TestChangeFeed wants exactly the writes that changed something, in order.
func TestChangeFeed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, who := as(t.Context())
	if _, err := b.get(ctx); err != nil { // the stream is there once somebody answers
		t.Fatal(err)
	}
	feed, ready := make(chan *changesv1.Change, 16), make(chan struct{})
	bustest.Run(t, func(ctx context.Context) error {
		return changefeed.Follow(ctx, b.conn, func(uint64) { close(ready) }, func(_ uint64, c *changesv1.Change) { feed <- c })
	})
	<-ready
	var id string
	for _, ttl := range []int32{1, 1, 500, 2} { // made, the same, refused, changed
		if got, err := b.update(ctx, &dynamicv0.UpdateOrganizationSettingsRequest{ApprovalTtlHours: &ttl}); err == nil {
			id = got.GetId()
		}
	}
	for _, op := range []changesv1.Operation{changesv1.Operation_OPERATION_CREATED, changesv1.Operation_OPERATION_CHANGED} {
		c := settingsOnly(feed)
		got := []string{c.GetTenant(), c.GetResource(), c.GetId(), c.GetOrganizationId(), c.GetPersonId(), c.GetOperation().String()}
		want := []string{string(who.Tenant), "settings", id, string(who.Organization), string(who.Person), op.String()}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	select {
	case c := <-feed:
		t.Errorf("one too many: %v", c)
	default:
	}
}

func TestRunStoppedDuringTheStartEndsInOrder(t *testing.T) {
	t.Parallel()
	s, err := approvals.New(configured(), host.Deps{
		Telemetry: telemetry.Nop(), Log: slog.New(slog.DiscardHandler), Bus: bustest.New(t), DB: pgtest.New(t, "approvals", nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	if err := configured().Validate(); err != nil {
		t.Error(err)
	}
	if err := (approvals.Config{}).Validate(); err == nil {
		t.Error("no time for access was allowed")
	}
}
