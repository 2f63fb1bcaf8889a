package changefeed_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// owner is a service that changes things.
type owner struct {
	db    *pg.Pool
	relay *outbox.Relay
}

func newOwner(t *testing.T, conn *bus.Conn) owner {
	t.Helper()
	db := pgtest.New(t, "owner", fstest.MapFS{
		"0001_init.up.sql":   {Data: []byte(outbox.Schema)},
		"0001_init.down.sql": {Data: []byte(outbox.DropSchema)},
	})
	return owner{db: db, relay: outbox.NewRelay(db, conn, slog.New(slog.DiscardHandler))}
}

// change makes a change that commits unless fails says otherwise.
func (o owner) change(ctx context.Context, id string, now time.Time, fails error) error {
	err := o.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return errors.Join(changefeed.Add(ctx, tx, "target", id, changesv1.Operation_OPERATION_CHANGED, now), fails)
	})
	return errors.Join(err, o.relay.Flush(ctx))
}

type seen struct {
	epoch  uint64
	change *changesv1.Change
}

// follow returns the epoch at which the feed was joined and what it brings.
func follow(t *testing.T, conn *bus.Conn) (uint64, <-chan seen) {
	t.Helper()
	ready, feed := make(chan uint64, 1), make(chan seen, 16)
	bustest.Run(t, func(ctx context.Context) error {
		return changefeed.Follow(ctx, conn, func(epoch uint64) { ready <- epoch }, func(epoch uint64, c *changesv1.Change) { feed <- seen{epoch, c} })
	})
	return <-ready, feed
}

func TestFeed(t *testing.T) {
	t.Parallel()
	conn := bustest.New(t)
	if err := conn.EnsureStream(t.Context(), changefeed.Stream()); err != nil {
		t.Fatal(err)
	}
	o := newOwner(t, conn)
	ctx := tenant.With(t.Context(), tenant.Identity{Tenant: "t1", Organization: "o1", Person: "p1"})
	now := time.Date(2026, 11, 2, 3, 4, 5, 6000, time.UTC)
	if err := o.change(ctx, "before", now, nil); err != nil {
		t.Fatal(err)
	}
	epoch, feed := follow(t, conn)
	if epoch != 1 {
		t.Fatalf("joined at epoch %d", epoch)
	}
	rolledBack := errors.New("rolled back")
	if err := o.change(ctx, "never", now, rolledBack); !errors.Is(err, rolledBack) {
		t.Fatal(err)
	}
	if err := o.change(ctx, "7", now, nil); err != nil {
		t.Fatal(err)
	}
	want := &changesv1.Change{
		Tenant: "t1", Resource: "target", Id: "7", Operation: changesv1.Operation_OPERATION_CHANGED,
		OrganizationId: "o1", PersonId: "p1", ChangedAt: timestamppb.New(now),
	}
	if got := <-feed; got.epoch != 2 || !proto.Equal(got.change, want) {
		t.Fatalf("got epoch %d, %v; want 2, %v", got.epoch, got.change, want)
	}
}

func TestMalformedChangeStillBeginsAnEpoch(t *testing.T) {
	t.Parallel()
	conn := bustest.New(t)
	if err := conn.EnsureStream(t.Context(), changefeed.Stream()); err != nil {
		t.Fatal(err)
	}
	_, feed := follow(t, conn)
	if err := conn.Publish(t.Context(), contract.ChangeSubject("t1", "target"), "1", nil, []byte{0xff}); err != nil {
		t.Fatal(err)
	}
	if got := <-feed; got.epoch != 1 || got.change.GetResource() != "" {
		t.Fatalf("got epoch %d, %v", got.epoch, got.change)
	}
}
