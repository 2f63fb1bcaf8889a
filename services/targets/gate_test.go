package targets_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
)

func isRefused(err error, reason string) bool {
	f, ok := fault.As(err)
	return ok && f.Reason == reason
}

// withSecret returns settings that send a secret.
func withSecret(id string) *actionplanev1.UpdateTargetSettingsRequest {
	return &actionplanev1.UpdateTargetSettingsRequest{Id: id, Settings: &actionplanev1.TargetSettings{Headers: []*actionplanev1.TargetHeader{
		{Name: "X-Api-Key", Value: "hunter2", Secret: true}, {Name: "X-Plain", Value: "seen"},
	}}}
}

func TestGate(t *testing.T) {
	t.Parallel()

	t.Run("AChangeWaitsAndIsMadeOnce", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		ctx := as(t)
		made := w.create(ctx, t)
		id, key := made.GetDetails().GetId(), made.GetSigningKey()
		w.approvals.On.Store(true)
		rekey := &actionv3alpha.PatchTargetRequest{Id: id, Target: &actionv3alpha.PatchTarget{Name: new("after"), ExpirationSigningKey: durationpb.New(0)}}
		if _, err := w.PatchTarget(ctx, rekey); !isRefused(err, approval.ReasonRequired) {
			t.Fatalf("got %v", err)
		}
		c := <-w.approvals.Submitted
		if c.GetTargetEntityType() != "target" || c.GetTargetEntityId() != id || !strings.Contains(string(c.GetNextState()), `"name":"after"`) ||
			hmacKeyMadeAt(t, c.GetPreviousState()) == hmacKeyMadeAt(t, c.GetNextState()) {
			t.Errorf("got %v", c)
		}
		if got := w.get(ctx, t, id); got.GetSigningKey() != key || got.GetConfig().GetName() == "after" {
			t.Errorf("it did not wait: %v", got)
		}
		sum := sha256.Sum256(c.GetPreviousState())
		w.approvals.Previous.Store(new(sum[:]))
		approved := bus.WithApproval(ctx, ident.NewUUID())
		if _, err := w.PatchTarget(approved, rekey); err != nil {
			t.Fatal(err)
		}
		after := w.get(ctx, t, id)
		if after.GetSigningKey() == key || after.GetConfig().GetName() != "after" {
			t.Errorf("got %v, with the key that it had", after)
		}
		if _, err := w.PatchTarget(approved, rekey); !isRefused(err, approval.ReasonApplied) {
			t.Errorf("twice: got %v", err)
		}
		if _, err := w.PatchTarget(bus.WithApproval(ctx, ident.NewUUID()), rekey); !isRefused(err, approval.ReasonDrift) {
			t.Errorf("it has another key by now: got %v", err)
		}
	})
	t.Run("WhatChangesNothingDoesNotWait", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		ctx := as(t)
		made := w.create(ctx, t)
		w.approvals.On.Store(true)
		same := w.get(ctx, t, made.GetDetails().GetId())
		w.patch(ctx, t, made.GetDetails().GetId(), &actionv3alpha.PatchTarget{Name: new(same.GetConfig().GetName())})
	})
	t.Run("StoppingATargetDoesNotWaitAndStartingItDoes", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		ctx := as(t)
		id := w.create(ctx, t).GetDetails().GetId()
		w.approvals.On.Store(true)
		if _, err := w.own.DisableTarget(ctx, &actionplanev1.DisableTargetRequest{Id: id}); err != nil {
			t.Error(err)
		}
		if _, err := w.own.EnableTarget(ctx, &actionplanev1.EnableTargetRequest{Id: id}); !isRefused(err, approval.ReasonRequired) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("SecretsAreShownToNobody", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		ctx := tenant.With(t.Context(), tenant.Identity{
			Tenant: tenant.ID(ident.NewUUID()), Organization: tenant.OrganizationID(ident.NewUUID()), Person: tenant.PersonID(ident.NewUUID()),
		})
		id := w.create(ctx, t).GetDetails().GetId()
		w.approvals.On.Store(true)
		if _, err := w.own.UpdateTargetSettings(ctx, withSecret(id)); !isRefused(err, approval.ReasonRequired) {
			t.Fatalf("got %v", err)
		}
		c := <-w.approvals.Submitted
		for what, text := range map[string][]byte{"display": c.GetDisplay(), "before": c.GetPreviousState(), "after": c.GetNextState()} {
			if strings.Contains(string(text), "hunter2") {
				t.Errorf("%s: %s", what, text)
			}
		}
		if !strings.Contains(string(c.GetNextState()), `"seen"`) || !strings.Contains(string(c.GetPayload()), "hunter2") {
			t.Errorf("got %v", c)
		}
	})
	t.Run("RecordsHoldNoSecrets", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		ctx := tenant.With(t.Context(), tenant.Identity{
			Tenant: tenant.ID(ident.NewUUID()), Organization: tenant.OrganizationID(ident.NewUUID()), Person: tenant.PersonID(ident.NewUUID()),
		})
		id := w.create(ctx, t).GetDetails().GetId()
		records := w.records(t)
		if _, err := w.own.UpdateTargetSettings(ctx, withSecret(id)); err != nil {
			t.Fatal(err)
		}
		m := <-records
		if strings.Contains(string(m.Data), "hunter2") || !strings.Contains(string(m.Data), "X-Api-Key") {
			t.Errorf("got %s", m.Data)
		}
	})
}

// records follows what approvals is told of.
func (w *world) records(t *testing.T) <-chan bus.Message {
	t.Helper()
	records := make(chan bus.Message, 10)
	bustest.Run(t, func(run context.Context) error {
		return w.conn.Consume(run, bus.Consumer{Stream: contract.ApprovalsStream, Name: "approvals", Concurrency: 1}, func(_ context.Context, m bus.Message) error {
			records <- m
			return nil
		})
	})
	return records
}

func hmacKeyMadeAt(t *testing.T, state []byte) string {
	t.Helper()
	var s struct {
		At string `json:"hmacKeyMadeAt"`
	}
	if err := json.Unmarshal(state, &s); err != nil || s.At == "" {
		t.Fatalf("no key: %s, %v", state, err)
	}
	return s.At
}
