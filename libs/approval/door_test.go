package approval_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/approval/approvaltest"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	approvalsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/approvals/v1"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
)

// method is a gated method of nobody's.
var method = contract.Method{
	FullName: "/test.v1.Things/RenameThing", Subject: "actionplane.things.v1.rpc.rename_thing",
	Gate: &contract.Gate{Category: "things", DisplayName: "Rename thing"},
}

// things is an owner with one thing.
type things struct {
	approvals *approvaltest.Approvals
	conn      *bus.Conn
	db        *pg.Pool
	harmless  func(before, after []byte) bool
	stop      func() // ends approvals
}

type thingTx struct{ tx pgx.Tx }

func (x *thingTx) Pgx() pgx.Tx { return x.tx }

func setup(t *testing.T) *things {
	t.Helper()
	server := bustest.Start(t)
	o := &things{approvals: approvaltest.New(), conn: server.Connect(t, "caller")}
	o.db = pgtest.New(t, "things", fstest.MapFS{
		"migrations/0001_init.up.sql": {Data: []byte(approval.Schema + outbox.Schema +
			`CREATE TABLE thing (name text NOT NULL, changes integer NOT NULL); INSERT INTO thing VALUES ('old', 0);`)},
		"migrations/0001_init.down.sql": {Data: []byte(`DROP TABLE thing;` + outbox.DropSchema + approval.DropSchema)},
	})
	o.stop = stoppable(t, o.approvals.Server(server.Connect(t, "approvals")).Run)

	conn := server.Connect(t, "things")
	for _, s := range []bus.Stream{changefeed.Stream(), approval.Stream()} {
		if err := conn.EnsureStream(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	door := approval.NewDoor(approval.Config{ModeTTL: time.Hour, ModeStale: time.Hour, Timeout: 500 * time.Millisecond},
		approval.Deps{Bus: conn, Log: slog.New(slog.DiscardHandler)})
	srv := conn.NewServer(bus.ServerConfig{})
	door.Guard(srv).Register(&method, func() proto.Message { return new(eventsv1.Event) }, func(ctx context.Context, in proto.Message) (proto.Message, error) {
		return in, o.rename(ctx, door, in.(*eventsv1.Event).GetType())
	})
	bustest.Run(t, door.Run)
	bustest.Run(t, srv.Run)
	return o
}

// stoppable is bustest.Run that can be stopped before the test ends.
func stoppable(t *testing.T, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	var once atomic.Bool
	stop = func() {
		if cancel(); once.CompareAndSwap(false, true) {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	return stop
}

func (o *things) rename(ctx context.Context, door *approval.Door, name string) error {
	change := approval.Change[*thingTx]{
		EntityType: "thing", EntityID: "1", Harmless: o.harmless,
		State: func(ctx context.Context, tx *thingTx) ([]byte, error) {
			var s struct {
				Name string `json:"name"`
			}
			if err := tx.tx.QueryRow(ctx, `SELECT name FROM thing FOR UPDATE`).Scan(&s.Name); err != nil {
				return nil, err
			}
			return json.Marshal(s)
		},
	}
	begin := func(ctx context.Context, fn func(context.Context, *thingTx) error) error {
		return o.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return fn(ctx, &thingTx{tx}) })
	}
	return approval.Do(ctx, door, change, begin, func(ctx context.Context, tx *thingTx) error {
		if name == "refused" {
			return fault.Invalid("not that name")
		}
		_, err := tx.tx.Exec(ctx, `UPDATE thing SET name = $1, changes = changes + 1`, name)
		return err
	})
}

func (o *things) call(ctx context.Context, name string) error {
	return o.conn.Call(ctx, &method, &eventsv1.Event{Type: name, Payload: []byte(`{"n":1.10}`)}, new(eventsv1.Event))
}

func somebody(t *testing.T) context.Context {
	return tenant.With(t.Context(), tenant.Identity{
		Tenant: tenant.Default, Organization: tenant.OrganizationID(ident.NewUUID()), Person: tenant.PersonID(ident.NewUUID()), Roles: []string{"ORG_OWNER"},
	})
}

func (o *things) want(t *testing.T, name string, changes int) {
	t.Helper()
	var gotName string
	var gotChanges int
	if err := o.db.QueryRow(t.Context(), `SELECT name, changes FROM thing`).Scan(&gotName, &gotChanges); err != nil {
		t.Fatal(err)
	}
	if gotName != name || gotChanges != changes {
		t.Errorf("it is %q after %d changes, want %q after %d", gotName, gotChanges, name, changes)
	}
}

func wantReason(t *testing.T, err error, status int, reason string) {
	t.Helper()
	if f, ok := fault.As(err); !ok || f.HTTPStatus() != status || f.Reason != reason {
		t.Errorf("got %v, want %d %s", err, status, reason)
	}
}

func hashOf(state string) *[]byte {
	sum := sha256.Sum256([]byte(state))
	return new(sum[:])
}

func TestDo(t *testing.T) {
	t.Parallel()

	t.Run("OffMakesTheChangeAndTellsApprovals", func(t *testing.T) {
		t.Parallel()
		o := setup(t)
		ctx := somebody(t)
		if err := o.call(ctx, "new"); err != nil {
			t.Fatal(err)
		}
		o.want(t, "new", 1)
		var subject string
		var header map[string][]string
		var data []byte
		if err := o.db.QueryRow(t.Context(), `SELECT subject, header, data FROM outbox`).Scan(&subject, &header, &data); err != nil {
			t.Fatal(err)
		}
		record := new(approvalsv1.RecordChangeCommand)
		if err := proto.Unmarshal(data, record); err != nil {
			t.Fatal(err)
		}
		c := record.GetChange()
		if subject != contract.RecordChangeSubject(string(tenant.Default)) || header[contract.HeaderPerson][0] != string(tenant.From(ctx).Person) ||
			c.GetActionType() != "rename_thing" || string(c.GetPreviousState()) != `{"name":"old"}` || string(c.GetNextState()) != `{"name":"new"}` {
			t.Errorf("%s %v %v", subject, header, c)
		}
	})
	t.Run("OnRehearsesAndSubmits", func(t *testing.T) {
		t.Parallel()
		o := setup(t)
		o.approvals.On.Store(true)
		err := o.call(somebody(t), "new")
		wantReason(t, err, 202, approval.ReasonRequired)
		if f, _ := fault.As(err); f.ID != approvaltest.RequestID || f.Code != fault.CodeFailedPrecondition || string(f.Answer) != `{"actionRequest":{}}` {
			t.Errorf("got %+v", f)
		}
		o.want(t, "old", 0)
		c := <-o.approvals.Submitted
		frozen := new(eventsv1.Event)
		if err := proto.Unmarshal(c.GetPayload(), frozen); err != nil || frozen.GetType() != "new" ||
			string(c.GetNextState()) != `{"name":"new"}` || !bytes.Equal(c.GetPreviousSha256(), *hashOf(`{"name":"old"}`)) ||
			!strings.Contains(string(c.GetDisplay()), `{"n":1.10}`) || c.GetMethod() != method.FullName || c.GetSubject() != method.Subject {
			t.Errorf("submitted %v", c)
		}
	})
	t.Run("WhatWouldFailIsNotSubmitted", func(t *testing.T) {
		t.Parallel()
		o := setup(t)
		o.approvals.On.Store(true)
		if err := o.call(somebody(t), "refused"); fault.CodeOf(err) != fault.CodeInvalid {
			t.Errorf("got %v", err)
		}
		if len(o.approvals.Submitted) != 0 {
			t.Error("it was submitted")
		}
	})
	t.Run("WhatIsHarmlessIsMade", func(t *testing.T) {
		t.Parallel()
		o := setup(t)
		o.approvals.On.Store(true)
		o.harmless = func(_, after []byte) bool { return strings.Contains(string(after), "kind") }
		if err := o.call(somebody(t), "kind"); err != nil {
			t.Error(err)
		}
		wantReason(t, o.call(somebody(t), "cruel"), 202, approval.ReasonRequired)
		o.want(t, "kind", 1)
	})
	t.Run("WithoutApprovalsNothingIsAssumed", func(t *testing.T) {
		t.Parallel()
		o := setup(t)
		o.approvals.Trouble.Store(fault.Unavailable("away"))
		if err := o.call(somebody(t), "new"); fault.CodeOf(err) != fault.CodeUnavailable {
			t.Errorf("got %v", err)
		}
		o.want(t, "old", 0)
	})
}

func TestExecute(t *testing.T) {
	t.Parallel()
	ctx := func(t *testing.T) context.Context { return bus.WithApproval(somebody(t), ident.NewUUID()) }

	t.Run("MakesTheChangeOnce", func(t *testing.T) {
		t.Parallel()
		o := setup(t)
		o.approvals.On.Store(true)
		o.approvals.Previous.Store(hashOf(`{"name":"old"}`))
		as := ctx(t)
		if err := o.call(as, "new"); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			wantReason(t, o.call(as, "new"), 409, approval.ReasonApplied)
		}
		o.want(t, "new", 1)
		data, err := proto.Marshal(&eventsv1.Event{Type: "new", Payload: []byte(`{"n":1.10}`)})
		if c := o.approvals.Confirmed.Load(); err != nil || c.GetSubject() != method.Subject || !bytes.Equal(c.GetPayloadSha256(), *hashOf(string(data))) {
			t.Errorf("asked about %v", c)
		}
	})
	t.Run("OfWhatHasMovedChangesNothing", func(t *testing.T) {
		t.Parallel()
		o := setup(t)
		o.approvals.Previous.Store(hashOf(`{"name":"older"}`))
		as := ctx(t)
		wantReason(t, o.call(as, "new"), 409, approval.ReasonDrift)
		o.want(t, "old", 0)
		o.approvals.Previous.Store(hashOf(`{"name":"old"}`))
		if err := o.call(as, "new"); err != nil { // drift was no execution
			t.Error(err)
		}
	})
	t.Run("IsRefusedWhereApprovalsKnowsNothingOfIt", func(t *testing.T) {
		t.Parallel()
		o := setup(t)
		wantReason(t, o.call(ctx(t), "new"), 403, approval.ReasonNotExecuting)
		o.want(t, "old", 0)
	})
}

func TestModes(t *testing.T) {
	t.Parallel()

	t.Run("AreRememberedUntilSettingsChange", func(t *testing.T) {
		t.Parallel()
		o := setup(t)
		ctx := somebody(t)
		o.remembered(ctx, t)
		asked := o.approvals.Asked.Load()
		for range 5 {
			if err := o.call(ctx, "new"); err != nil {
				t.Fatal(err)
			}
		}
		if again := o.approvals.Asked.Load() - asked; again != 0 {
			t.Errorf("asked %d times", again)
		}
		o.approvals.On.Store(true)
		change, err := proto.Marshal(&changesv1.Change{Resource: "settings"})
		if err != nil {
			t.Fatal(err)
		}
		if err := o.conn.Publish(t.Context(), contract.ChangeSubject("t", "settings"), "", nil, change); err != nil {
			t.Fatal(err)
		}
		deadline, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for err := error(nil); err == nil; err = o.call(ctx, "new") {
			if deadline.Err() != nil {
				t.Fatal("settings that changed were not heard of")
			}
		}
	})
	t.Run("ThatAreOffOutliveApprovals", func(t *testing.T) {
		t.Parallel()
		o := setup(t)
		ctx := somebody(t)
		o.remembered(ctx, t)
		o.stop()
		if err := o.call(ctx, "newer"); err != nil {
			t.Error(err)
		}
	})
}

// remembered returns once the door knows the caller's organization by heart,
// which it does when it hears the feed.
func (o *things) remembered(ctx context.Context, t *testing.T) {
	t.Helper()
	deadline, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for asked := int32(-1); asked != o.approvals.Asked.Load(); {
		asked = o.approvals.Asked.Load()
		if err := o.call(ctx, "new"); err != nil || deadline.Err() != nil {
			t.Fatalf("not remembered: %v", err)
		}
	}
}

func TestActionType(t *testing.T) {
	t.Parallel()
	got := []string{
		approval.ActionType(&method),
		approval.ActionType(&contract.Method{FullName: "/a.B/Update", Gate: &contract.Gate{Category: "settings"}}),
	}
	if !slices.Equal(got, []string{"rename_thing", "settings_change"}) {
		t.Errorf("got %v", got)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	if err := approval.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	if (approval.Config{}).Validate() == nil {
		t.Error("no time was allowed")
	}
}
