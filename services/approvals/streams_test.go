package approvals_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/proto/contract"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	"github.com/actionplane/actionplane/services/approvals"
)

// TestEventsStream is about a stream that is executions' own, and that
// approvals makes where executions has not been up yet.
func TestEventsStream(t *testing.T) {
	t.Parallel()
	theirs := bus.Stream{
		Name: contract.EventsStream, Subjects: []string{contract.EventSubjects},
		MaxAge: 7 * 24 * time.Hour, MaxBytes: 64 << 20, WorkQueue: true, Batches: true,
	}
	for _, order := range []string{"ExecutionsStartsFirst", "ApprovalsStartsFirst"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			server := bustest.Start(t)
			conn := server.Connect(t, "executions")
			pool, err := pg.Open(t.Context(), pg.Config{URL: pgtest.URL(t, "approvals", nil), Schema: "approvals", MaxConns: 4})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(pool.Close)
			s, err := approvals.New(configured(), host.Deps{Log: slog.New(slog.DiscardHandler), Telemetry: telemetry.Nop(), Bus: server.Connect(t, "approvals"), DB: pool})
			if err != nil {
				t.Fatal(err)
			}
			ensure := func() {
				if err := conn.EnsureStream(t.Context(), theirs); err != nil {
					t.Fatalf("executions cannot make it its own: %v", err)
				}
			}
			if order == "ExecutionsStartsFirst" {
				ensure()
			}
			bustest.Run(t, s.Run)
			ctx, who := as(t.Context())
			settings := dynamicv0.NewOrganizationSettingsServiceBusClient(conn)
			if _, err := settings.GetOrganizationSettings(ctx, &dynamicv0.GetOrganizationSettingsRequest{OrganizationId: string(who.Organization)}); err != nil {
				t.Fatal(err)
			}
			if order == "ApprovalsStartsFirst" {
				ensure()
			}
			if got := eventsConfig(t, server); got.MaxAge != theirs.MaxAge || got.MaxBytes != theirs.MaxBytes || !got.AllowAtomicPublish {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func eventsConfig(t *testing.T, server *bustest.Server) jetstream.StreamConfig {
	t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(server.Server))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), contract.EventsStream)
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().Config
}
