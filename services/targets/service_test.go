package targets_test

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/approval/approvaltest"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/tenant"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	actionv2beta "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2beta"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/targets"
	"github.com/actionplane/actionplane/services/targets/internal/store"
)

const masterKey = "a master key for tests"

// world is the service, usually two instances of it, on one bus and one
// database, and the clients that its neighbours use.
type world struct {
	*actionv3alpha.ZITADELActionsBusClient
	internal  *targetsv1.TargetsBusClient
	v2        *actionv2.ActionServiceBusClient
	v2beta    *actionv2beta.ActionServiceBusClient
	own       *actionplanev1.TargetServiceBusClient
	conn      *bus.Conn
	db        *pg.Pool
	approvals *approvaltest.Approvals
}

func setup(t testing.TB) *world { return setupReplicas(t, 2) }

func setupReplicas(t testing.TB, replicas int) *world {
	t.Helper()
	server := bustest.Start(t)
	db := pgtest.New(t, "targets", store.Migrations)
	approvals := approvaltest.Serve(t, server.Connect(t, "approvals"))
	for range replicas {
		bustest.Run(t, newService(t, server.Connect(t, "targets"), db, masterKey).Run)
	}
	w := newWorld(server.Connect(t, "test"), db)
	w.approvals = approvals
	return w
}

// newWorld returns the clients of a service that runs.
func newWorld(conn *bus.Conn, db *pg.Pool) *world {
	w := &world{conn: conn, db: db}
	w.ZITADELActionsBusClient = actionv3alpha.NewZITADELActionsBusClient(w.conn)
	w.internal = targetsv1.NewTargetsBusClient(w.conn)
	w.v2 = actionv2.NewActionServiceBusClient(w.conn)
	w.v2beta = actionv2beta.NewActionServiceBusClient(w.conn)
	w.own = actionplanev1.NewTargetServiceBusClient(w.conn)
	return w
}

func newService(t testing.TB, conn *bus.Conn, db *pg.Pool, masterKey string) *targets.Service {
	return newLoggingService(t, conn, db, masterKey, slog.DiscardHandler)
}

func newLoggingService(t testing.TB, conn *bus.Conn, db *pg.Pool, masterKey string, log slog.Handler) *targets.Service {
	t.Helper()
	cfg := targets.DefaultConfig()
	cfg.MasterKey = config.NewSecret(masterKey)
	s, err := targets.New(cfg, host.Deps{Log: slog.New(log), Bus: conn, DB: db})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// as returns a context of a tenant that nobody else has.
func as(t testing.TB) context.Context {
	return tenant.With(t.Context(), tenant.Identity{Tenant: tenant.ID(ident.NewUUID()), Person: "p1"})
}

// changes follows what the feed says about the tenant of ctx.
func (w *world) changes(ctx context.Context, t testing.TB) <-chan *changesv1.Change {
	t.Helper()
	if err := w.conn.EnsureStream(ctx, changefeed.Stream()); err != nil {
		t.Fatal(err)
	}
	ready, changes := make(chan struct{}), make(chan *changesv1.Change, 100)
	bustest.Run(t, func(run context.Context) error {
		return changefeed.Follow(run, w.conn, func(uint64) { close(ready) }, func(_ uint64, c *changesv1.Change) {
			if c.GetTenant() == string(tenant.From(ctx).Tenant) {
				changes <- c
			}
		})
	})
	select {
	case <-ready:
	case <-ctx.Done():
		t.Fatal("the feed did not begin")
	}
	return changes
}

// create makes a target from webhook with the given changes.
func (w *world) create(ctx context.Context, t testing.TB, change ...func(*actionv3alpha.Target)) *actionv3alpha.CreateTargetResponse {
	t.Helper()
	m := webhook()
	for _, c := range change {
		c(m)
	}
	out, err := w.CreateTarget(ctx, &actionv3alpha.CreateTargetRequest{Target: m})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *world) get(ctx context.Context, t testing.TB, id string) *actionv3alpha.GetTarget {
	t.Helper()
	out, err := w.GetTarget(ctx, &actionv3alpha.GetTargetRequest{Id: id})
	if err != nil {
		t.Fatal(err)
	}
	return out.GetTarget()
}

func (w *world) patch(ctx context.Context, t testing.TB, id string, m *actionv3alpha.PatchTarget) *actionv3alpha.PatchTargetResponse {
	t.Helper()
	out, err := w.PatchTarget(ctx, &actionv3alpha.PatchTargetRequest{Id: id, Target: m})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// keys returns the keys that sign for a target now.
func (w *world) keys(ctx context.Context, t testing.TB, id string) []string {
	t.Helper()
	return w.profile(ctx, t, id).GetSigningKeys()
}

// profile returns what dispatch is told of a target.
func (w *world) profile(ctx context.Context, t testing.TB, id string) *targetsv1.GetSendingProfileResponse {
	t.Helper()
	out, err := w.internal.GetSendingProfile(ctx, &targetsv1.GetSendingProfileRequest{TargetId: id})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// webhook is a target without fault.
func webhook() *actionv3alpha.Target {
	return &actionv3alpha.Target{
		Name:       "billing",
		TargetType: &actionv3alpha.Target_RestWebhook{RestWebhook: &actionv3alpha.SetRESTWebhook{InterruptOnError: true}},
		Timeout:    durationpb.New(10 * time.Second),
		Endpoint:   "https://example.com/hook",
	}
}

// wantFault fails the test unless err is of the code, has the id, and its text
// holds every word.
func wantFault(t *testing.T, err error, code fault.Code, id string, words ...string) {
	t.Helper()
	got, ok := fault.As(err)
	if !ok || got.Code != code || got.ID != id {
		t.Errorf("got %v, want code %d and id %q", err, code, id)
		return
	}
	for _, word := range words {
		if !strings.Contains(got.Text(), word) {
			t.Errorf("%q does not say %q", got.Text(), word)
		}
	}
}

// wantChange fails the test unless the next news is this.
func wantChange(t *testing.T, changes <-chan *changesv1.Change, op changesv1.Operation, id string) {
	t.Helper()
	select {
	case c := <-changes:
		if c.GetResource() != "target" || c.GetId() != id || c.GetOperation() != op || c.GetPersonId() != "p1" {
			t.Errorf("got %v, want %v of target %s", c, op, id)
		}
	case <-t.Context().Done():
		t.Fatal("no news")
	}
}

func TestRun(t *testing.T) {
	t.Parallel()

	t.Run("MakesItsSchemaAndServes", func(t *testing.T) {
		t.Parallel()
		conn := bustest.New(t)
		bustest.Run(t, newService(t, conn, pgtest.New(t, "targets", nil), masterKey).Run)
		out, err := actionv3alpha.NewZITADELActionsBusClient(conn).SearchTargets(as(t), &actionv3alpha.SearchTargetsRequest{})
		if err != nil || out.GetDetails().GetTotalResult() != 0 {
			t.Errorf("got %v, %v", out, err)
		}
	})
	t.Run("RefusesToStartUnderAnotherMasterKey", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		w.create(as(t), t)
		err := newService(t, w.conn, w.db, "another master key").Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "ACTIONPLANE_MASTER_KEY") || strings.Contains(err.Error(), "another master key") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("RefusesAnotherMasterKeyForTheSakeOfWebKeysToo", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		if _, err := w.own.GetWebKeys(as(t), &actionplanev1.GetWebKeysRequest{}); err != nil {
			t.Fatal(err)
		}
		err := newService(t, w.conn, w.db, "another master key").Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "1 secrets") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("StopsQuietlyWhileStarting", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := newService(t, bustest.New(t), pgtest.New(t, "targets", nil), masterKey).Run(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*targets.Config)
		word   string // empty: accepted
	}{
		"Defaults":             {func(*targets.Config) {}, ""},
		"NoMasterKey":          {func(c *targets.Config) { c.MasterKey = config.Secret{} }, "ACTIONPLANE_MASTER_KEY"},
		"ShortMasterKey":       {func(c *targets.Config) { c.MasterKey = config.NewSecret("0123456789abcde") }, "ACTIONPLANE_MASTER_KEY"},
		"NoPage":               {func(c *targets.Config) { c.MaxPage = 0 }, "ACTIONPLANE_TARGET_MAX_PAGE"},
		"PageLargerThanTheAPI": {func(c *targets.Config) { c.MaxPage = 1001 }, "ACTIONPLANE_TARGET_MAX_PAGE"},
		"NoRoomForARotation":   {func(c *targets.Config) { c.MaxSigningKeys = 1 }, "ACTIONPLANE_TARGET_MAX_SIGNING_KEYS"},
		"LongOverlap":          {func(c *targets.Config) { c.MaxOverlap = 169 * time.Hour }, "ACTIONPLANE_TARGET_MAX_OVERLAP"},
		"NoEgress":             {func(c *targets.Config) { c.MaxEgressAllow = 0 }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := targets.DefaultConfig()
			cfg.MasterKey = config.NewSecret("0123456789abcdef")
			tt.change(&cfg)
			err := cfg.Validate()
			if (err == nil) != (tt.word == "") || (err != nil && !strings.Contains(err.Error(), tt.word)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestReplicasShareTheWork(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx := as(t)
	changes := w.changes(ctx, t)
	id := w.create(ctx, t).GetDetails().GetId()
	const rotations = 20

	var wg sync.WaitGroup
	for range rotations {
		wg.Go(func() {
			_, err := w.PatchTarget(ctx, &actionv3alpha.PatchTargetRequest{Id: id, Target: &actionv3alpha.PatchTarget{ExpirationSigningKey: &durationpb.Duration{}}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()

	if keys := w.keys(ctx, t, id); len(keys) != 1 || keys[0] != w.get(ctx, t, id).GetSigningKey() {
		t.Errorf("%d keys are valid", len(keys))
	}
	snapshots, err := w.internal.GetTargetSnapshots(ctx, &targetsv1.GetTargetSnapshotsRequest{Ids: []string{id}})
	if err != nil || snapshots.GetTargets()[0].GetVersion() != rotations+1 {
		t.Errorf("got %v, %v", snapshots, err)
	}
	wantChange(t, changes, changesv1.Operation_OPERATION_CREATED, id)
	var last time.Time
	for n := range rotations {
		at := (<-changes).GetChangedAt().AsTime()
		if !at.After(last) {
			t.Fatalf("change %d at %s is not after %s", n, at, last)
		}
		last = at
	}
}

func TestFeedThatTakesNothingDelaysTheNewsAlone(t *testing.T) {
	t.Parallel()
	w := setupReplicas(t, 1)
	ctx := as(t)
	changes := w.changes(ctx, t)
	if _, err := w.SearchTargets(ctx, &actionv3alpha.SearchTargetsRequest{}); err != nil { // it is up, and has ensured the stream
		t.Fatal(err)
	}
	full := changefeed.Stream()
	full.MaxBytes = 1
	if err := w.conn.EnsureStream(ctx, full); err != nil {
		t.Fatal(err)
	}
	id := w.create(ctx, t).GetDetails().GetId()
	w.get(ctx, t, id)
	if len(changes) != 0 {
		t.Fatal("the feed was not full")
	}
	if err := w.conn.EnsureStream(ctx, changefeed.Stream()); err != nil {
		t.Fatal(err)
	}
	wantChange(t, changes, changesv1.Operation_OPERATION_CREATED, id)
}

var (
	snowflake  = regexp.MustCompile(`^[1-9][0-9]{17,18}$`)
	signingKey = regexp.MustCompile(`^[a-zA-Z0-9]{36}$`)
)

func BenchmarkGetTarget(b *testing.B) {
	w := setup(b)
	ctx := as(b)
	id := w.create(ctx, b).GetDetails().GetId()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := w.GetTarget(ctx, &actionv3alpha.GetTargetRequest{Id: id}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkPatchTarget(b *testing.B) {
	w := setup(b)
	ctx := as(b)
	id := w.create(ctx, b).GetDetails().GetId()
	for i := 0; b.Loop(); i++ {
		w.patch(ctx, b, id, &actionv3alpha.PatchTarget{Timeout: durationpb.New(time.Duration(i%2+1) * time.Second)})
	}
}
