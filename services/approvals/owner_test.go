package approvals_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
)

// room is an owner of a gated method, as small as one can be: it deletes
// targets, and counts how often.
type room struct {
	db     *pg.Pool
	door   *approval.Door
	client *bus.Conn
	// trouble, where it is set, happens after a change is committed and before
	// it is answered.
	trouble func() error
	traces  sync.Map // of the latest call, by thing
}

// roomTx is its transaction.
type roomTx struct{ tx pgx.Tx }

func (x *roomTx) Pgx() pgx.Tx { return x.tx }

// room starts an owner beside approvals.
func (b *bundle) room(t *testing.T) *room {
	t.Helper()
	up := approval.Schema + outbox.Schema + `CREATE TABLE things (id text PRIMARY KEY, name text NOT NULL, deleted integer NOT NULL DEFAULT 0);`
	url := pgtest.URL(t, "room", fstest.MapFS{
		"migrations/0001_init.up.sql":   {Data: []byte(up)},
		"migrations/0001_init.down.sql": {Data: []byte(`DROP TABLE things;` + outbox.DropSchema + approval.DropSchema)},
	})
	conn := b.server.Connect(t, "targets")
	r := &room{db: b.open(t, url, "room"), client: b.conn}
	r.door = approval.NewDoor(approval.DefaultConfig(), approval.Deps{Bus: conn, Log: slog.New(slog.DiscardHandler)})
	srv := conn.NewServer(bus.ServerConfig{})
	r.door.Guard(srv).Register(&actionv3alpha.ZITADELActionsDeleteTarget, func() proto.Message { return new(actionv3alpha.DeleteTargetRequest) },
		func(ctx context.Context, in proto.Message) (proto.Message, error) {
			return &actionv3alpha.DeleteTargetResponse{}, r.remove(ctx, in.(*actionv3alpha.DeleteTargetRequest).GetId())
		})
	relay := outbox.NewRelay(r.db, conn, slog.New(slog.DiscardHandler))
	if err := conn.EnsureStream(t.Context(), approval.Stream()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.get(b.anybody(t)); err != nil { // approvals is up, and with it the feed
		t.Fatal(err)
	}
	bustest.Run(t, relay.Run)
	bustest.Run(t, r.door.Run)
	bustest.Run(t, srv.Run)
	return r
}

func (b *bundle) anybody(t *testing.T) context.Context {
	ctx, _ := as(t.Context())
	return ctx
}

func (r *room) remove(ctx context.Context, id string) error {
	r.traces.Store(id, trace.SpanContextFromContext(ctx).TraceID())
	change := approval.Change[*roomTx]{EntityType: "target", EntityID: id, State: func(ctx context.Context, tx *roomTx) ([]byte, error) {
		var s struct {
			Name    string `json:"name"`
			Deleted int    `json:"deleted"`
		}
		if err := tx.tx.QueryRow(ctx, `SELECT name, deleted FROM things WHERE id = $1 FOR UPDATE`, id).Scan(&s.Name, &s.Deleted); err != nil {
			if errors.Is(err, pgx.ErrNoRows) {
				return nil, nil
			}
			return nil, err
		}
		return json.Marshal(s)
	}}
	begin := func(ctx context.Context, fn func(context.Context, *roomTx) error) error {
		return r.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return fn(ctx, &roomTx{tx}) })
	}
	err := approval.Do(ctx, r.door, change, begin, func(ctx context.Context, tx *roomTx) error {
		done, err := tx.tx.Exec(ctx, `UPDATE things SET deleted = deleted + 1 WHERE id = $1`, id)
		if err == nil && done.RowsAffected() == 0 {
			return fault.NotFound("no such thing")
		}
		return err
	})
	if err == nil && r.trouble != nil {
		return r.trouble()
	}
	return err
}

func (r *room) add(t *testing.T) string {
	t.Helper()
	id := ident.NewUUID()
	if _, err := r.db.Exec(t.Context(), `INSERT INTO things (id, name) VALUES ($1, 'thing')`, id); err != nil {
		t.Fatal(err)
	}
	return id
}

// call asks for a thing to be deleted.
func (r *room) call(ctx context.Context, id string) error {
	return r.client.Call(ctx, &actionv3alpha.ZITADELActionsDeleteTarget, &actionv3alpha.DeleteTargetRequest{Id: id}, new(actionv3alpha.DeleteTargetResponse))
}

// queue asks for it where that must wait, and returns the request's id.
func (r *room) queue(ctx context.Context, t *testing.T, id string) string {
	t.Helper()
	err := r.call(ctx, id)
	f, ok := fault.As(err)
	if !ok || f.Reason != approval.ReasonRequired {
		t.Fatalf("got %v", err)
	}
	return f.ID
}

// deleted returns how often a thing was.
func (r *room) deleted(t *testing.T, id string) int {
	t.Helper()
	var n int
	if err := r.db.QueryRow(t.Context(), `SELECT deleted FROM things WHERE id = $1`, id).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
