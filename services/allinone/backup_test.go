package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/busserver"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg/pgserver"
	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	executionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/executions/v1"
	"github.com/actionplane/actionplane/services/allinone/internal/backup"
)

const (
	// backupEvents are published in each of the places where an event may be
	// when a backup is made.
	backupEvents = 60
	backupKey    = "a master key for the test of backups"
	// askedFor is a person that somebody must approve.
	askedFor = "Asked For"
)

// TestBackupAndRestore saves a house that is used, with the scripts of
// deploy/backup, destroys everything it has, restores it and goes on: everything
// that was accepted before the backup began is delivered, whether it waited for
// being taken, as a run of the release before, or for its target; and configuration, what waits
// for approval, the audit and every secret are as they were.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a backup takes a while: not with -short")
	}
	for _, program := range []string{"pg_dump", "pg_restore", "psql"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not on PATH: install Postgres's client programs", program)
		}
	}
	s := newSaved(t)
	s.fill(t)
	s.lose(t, "while events wait", 1)
	s.lose(t, "while events flow", 8)
	s.goesOn(t)
}

// lose saves the house while a number of publishers use it, destroys and
// restores it, and looks what has become of everything.
func (s *saved) lose(t *testing.T, when string, publishers int) {
	t.Helper()
	before := s.describe(t)
	load := s.publishOn(t, publishers)
	await(t, "events are published", func() bool { return load.Load() > 20 })
	accepted := s.accepted()
	dir := s.backup(t)
	s.down.goOn() // what is delivered from here on is delivered again
	s.destroy(t)
	s.refusals(t, dir)
	s.restore(t, dir)
	s.published = accepted // what came later may have gone with the rest
	if after := s.describe(t); !reflect.DeepEqual(before, after) {
		t.Errorf("before:\n%v\nafter:\n%v", before, after)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s: not delivered: %v, %v", when, s.sink.missing(accepted), s.down.missing(accepted))
		}
	})
	await(t, "everything that was accepted before the backup is delivered", func() bool {
		return len(s.sink.missing(accepted))+len(s.down.missing(accepted)) == 0
	})
	s.wantOnce(t, when, accepted)
}

// saved is a house with servers of its own, which the test may destroy.
type saved struct {
	*approving
	bin      string
	postgres *pgserver.Server
	nats     *busserver.Server
	stop     func()
	client   *sdk.Client

	sink, down    *counting
	sinkID        target
	waits, second string // a request for approval, and who may decide about it

	mu        sync.Mutex
	published []int // events that were accepted
	next      int
	end       func() // of the load
}

// counting is a target that counts what it gets, by event, and knows its key.
type counting struct {
	url  string
	open chan struct{} // closed: it takes what it gets

	goOnce sync.Once
	mu     sync.Mutex
	key    string
	got    map[int]int
	wrong  []error
}

func newCounting(t *testing.T) *counting {
	t.Helper()
	c := &counting{open: make(chan struct{}), got: map[int]int{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *counting) goOn() { c.goOnce.Do(func() { close(c.open) }) }

func (c *counting) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	select {
	case <-c.open:
	default:
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	received, n, err := readEvent(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong = append(c.wrong, unverified(received, c.key)...)
	c.got[n]++
}

// readEvent returns what a target was sent, and of which event.
func readEvent(req *http.Request) (call, int, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return call{}, 0, err
	}
	var e envelope
	err = json.Unmarshal(body, &e)
	return call{req.Header.Clone(), body}, e.Payload.N, err
}

// missing returns which of the events have not come.
func (c *counting) missing(events []int) []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(events), func(n int) bool { return c.got[n] > 0 })
}

func newSaved(t *testing.T) *saved {
	t.Helper()
	s := &saved{bin: filepath.Join(binaries(t), "actionplane"), sink: newCounting(t), down: newCounting(t)}
	s.sink.goOn()
	s.approving = &approving{allInOne: newAllInOne(t, chaosEnv)}
	for name, value := range map[string]string{
		"ACTIONPLANE_MASTER_KEY": backupKey, "ACTIONPLANE_ADMIN_TOKEN": "ap_token_of_the_test_of_backups",
		"ACTIONPLANE_ORGANIZATION_ID": "aaaaaaaa-1111-4111-8111-111111111111", "ACTIONPLANE_APPROVAL_MODE_TTL": "1ns",
	} {
		s.env[name] = value
	}
	s.startServers(t)
	s.startHouse(t)
	s.owner = newAPI(&s.house)
	s.second = s.human(t, "IAM_OWNER")
	s.configure(t)
	return s
}

// startServers starts servers that hold nothing, with the services' roles.
func (s *saved) startServers(t *testing.T) {
	t.Helper()
	dir := dataDir(t)
	s.env["ACTIONPLANE_DATA_DIR"] = dir
	const token = "token of the bus"
	var err error
	s.nats, err = busserver.Start(busserver.Config{DataDir: filepath.Join(dir, "nats"), Addr: s.env["ACTIONPLANE_NATS_ADDR"], Token: token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.nats.Stop)
	s.env["NATS_URL"] = "nats://" + strings.ReplaceAll(token, " ", "%20") + "@" + s.env["ACTIONPLANE_NATS_ADDR"]
	if err := os.WriteFile(filepath.Join(dir, "nats.token"), []byte(token), 0o600); err != nil { // where learn looks
		t.Fatal(err)
	}
	s.postgres, err = pgserver.Start(t.Context(), pgserver.Config{DataDir: filepath.Join(dir, "postgres"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	stop := func(p *pgserver.Server) func() {
		return func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if err := p.Stop(ctx); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop(s.postgres))
	for _, service := range []string{"access", "targets", "actions", "executions", "scripts", "dispatch", "approvals"} {
		if _, err := s.postgres.EnsureRole(t.Context(), service); err != nil {
			t.Fatal(err)
		}
	}
	s.env["DATABASE_URL"] = strings.ReplaceAll(s.postgres.URL("SERVICE", pgserver.Database), "SERVICE", "{service}")
}

func (s *saved) startHouse(t *testing.T) {
	t.Helper()
	s.stop = s.start(t)
	s.client = s.connectSDK(t)
}

// configure registers targets, executions and an action, and asks for a change
// that waits for somebody's approval.
func (s *saved) configure(t *testing.T) {
	t.Helper()
	var chain []any
	for name, c := range map[string]*counting{"sink": s.sink, "down": s.down} {
		to := s.owner.createTargetWith(t, object{"name": name, "endpoint": c.url, "timeout": "2s", "restWebhook": object{}})
		s.owner.want(t, http.StatusOK, http.MethodPut, "/actionplane/v1/targets/"+to.id+"/settings", object{"settings": object{
			"retry": object{"maxAttempts": 100, "schedule": []string{"1s"}},
		}})
		c.key, chain = to.key, append(chain, to)
		if c == s.sink {
			s.sinkID = to
		}
	}
	s.owner.setExecution(t, object{"event": object{"group": "saved"}}, chain...)
	s.owner.want(t, http.StatusOK, http.MethodPost, actionsPath, object{"name": "rush", "script": script, "timeout": "5s"})
	s.settings(t, object{"approvalEnabled": true})
	asked := s.owner.want(t, http.StatusAccepted, http.MethodPost, s.people(), object{"name": askedFor, "email": "asked@example.com"})
	if s.waits, _ = at(asked, "actionRequest", "id").(string); s.waits == "" {
		t.Fatalf("nothing waits: %v", asked)
	}
}

// describe reads what must be the same after a restore.
func (s *saved) describe(t *testing.T) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, path := range []string{targetsPath + "/_search", executionsPath + "/_search"} {
		all[path] = at(s.owner.want(t, http.StatusOK, http.MethodPost, path, []object{}), "result")
	}
	all["actions"] = at(s.owner.want(t, http.StatusOK, http.MethodPost, actionsPath+"/_search", object{}), "result")
	all["people"] = at(s.owner.want(t, http.StatusOK, http.MethodGet, s.people(), nil), "people")
	all["waits"] = at(s.owner.want(t, http.StatusOK, http.MethodGet, s.requests()+"/"+s.waits, nil), "actionRequest")
	verified := s.owner.want(t, http.StatusOK, http.MethodGet, s.requests()+":verify", nil)
	if verified["intact"] != true || verified["anchorsChecked"] != true {
		t.Errorf("the audit: %v", verified)
	}
	all["audit"] = verified["head"]
	for name, found := range all {
		if found == nil {
			t.Errorf("%s: nothing", name)
		}
	}
	return all
}

// publish publishes the next event until it is stored.
func (s *saved) publish(ctx context.Context) error {
	n := s.number()
	_, err := s.client.Publish(ctx, sdk.Event{ID: savedID(n), Type: savedType, Payload: savedPayload(n)})
	if err == nil {
		s.accept(n)
	}
	return err
}

const savedType = "saved.happened"

func savedID(n int) string { return "saved-" + strconv.Itoa(n) }

func savedPayload(n int) []byte { return []byte(`{"n":` + strconv.Itoa(n) + `}`) }

// number returns the next event's.
func (s *saved) number() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.next
	s.next++
	return n
}

func (s *saved) accept(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.published = append(s.published, n)
}

func (s *saved) accepted() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.published)
}

// fill leaves events in every place: delivered to one target and waiting for the
// other, in the stream of runs, and in that of events.
func (s *saved) fill(t *testing.T) {
	t.Helper()
	js, err := jetstream.New(s.connectNATS(t))
	if err != nil {
		t.Fatal(err)
	}
	some := func() {
		for range backupEvents {
			if err := s.publish(within(t)); err != nil {
				t.Fatal(err)
			}
		}
	}
	holds := func(name string, messages uint64) func() bool {
		return func() bool {
			stream, err := js.Stream(within(t), name)
			return err == nil && stream.CachedInfo().State.Msgs >= messages
		}
	}
	pause := func(stream, consumer string) {
		if _, err := js.PauseConsumer(within(t), stream, consumer, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	some()
	await(t, "what is well is delivered", func() bool { return len(s.sink.missing(s.accepted())) == 0 })
	pause(contract.RunsStream, "dispatch")
	s.handOver(t)
	await(t, "runs wait in their stream", holds(contract.RunsStream, backupEvents))
	pause(contract.EventsStream, contract.EventsConsumer)
	some()
	await(t, "events wait in their stream", holds(contract.EventsStream, backupEvents))
	for name := range js.StreamNames(within(t)).Name() {
		if !slices.Contains(backup.Streams, name) {
			t.Errorf("stream %s is not saved", name)
		}
	}
}

// handOver leaves events in the stream of runs, as executions of the release
// before does.
func (s *saved) handOver(t *testing.T) {
	t.Helper()
	conn, err := bus.Connect(t.Context(), bus.Config{URL: s.natsURL, Name: "before"}, bus.Deps{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(within(t)); err != nil {
			t.Error(err)
		}
	}()
	const whose = string(tenant.Default)
	found, err := executionsv1.NewExecutionsBusClient(conn).ResolveEvents(within(t), &executionsv1.ResolveEventsRequest{
		Kinds: []*executionsv1.EventKind{{TenantId: whose, Type: savedType}}, Wait: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	for range backupEvents {
		n := s.number()
		id, now := savedID(n), time.Now()
		data, err := proto.Marshal(&dispatchv1.DeliverEventCommand{
			RunId: strconv.FormatInt(ident.Of(now, uint64(n)), 10), Chain: found.GetKinds()[0].GetChain(), PublishedAt: timestamppb.New(now),
			Event: &eventsv1.Event{Id: id, Type: savedType, Payload: savedPayload(n), CreatedAt: timestamppb.New(now)},
		})
		if err == nil {
			err = conn.Publish(within(t), contract.DeliverEventSubject(whose), contract.EventMessageID(whose, id), nil, data)
		}
		if err != nil {
			t.Fatal(err)
		}
		s.accept(n)
	}
}

// publishOn goes on publishing until the house is destroyed.
func (s *saved) publishOn(t *testing.T, publishers int) *atomic.Int64 {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var published atomic.Int64
	var work sync.WaitGroup
	s.end = func() { cancel(); work.Wait() }
	t.Cleanup(s.end)
	for range publishers {
		work.Go(func() {
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				if err := s.publish(ctx); err != nil {
					if ctx.Err() == nil {
						t.Errorf("publishing, while the backup is made: %v", err)
					}
					return
				}
				published.Add(1)
			}
		})
	}
	return &published
}

// run runs a script of deploy/backup.
func (s *saved) run(t *testing.T, env map[string]string, script string, args ...string) (out string, err error) {
	t.Helper()
	cmd := exec.CommandContext(within(t), filepath.Join("../../deploy/backup", script), args...)
	cmd.Env = append(os.Environ(), "ACTIONPLANE="+s.bin, "NATS_URL="+s.env["NATS_URL"], "KEEP=2",
		"DATABASE_URL="+s.postgres.URL(pgserver.Superuser, pgserver.Database), "ACTIONPLANE_MASTER_KEY="+backupKey)
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// backup makes three backups, of which two are kept, and returns the newest.
func (s *saved) backup(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, old := range []string{"20200101T000000Z", "20200102T000000Z", ".20200102T000001Z.part"} { // the last was killed
		if err := os.Mkdir(filepath.Join(dir, old), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(dir, old), time.Time{}, time.Now().Add(-25*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	if out, err := s.run(t, map[string]string{"DATABASE_URL": s.reader(t)}, "backup.sh", dir); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("a backup takes %s", time.Since(begin).Round(time.Millisecond))
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 || entries[0].Name() != "20200102T000000Z" {
		t.Fatalf("kept: %v, %v", entries, err)
	}
	made := filepath.Join(dir, entries[1].Name())
	for _, file := range []string{"database.dump", "master-key.fingerprint"} {
		text, err := os.ReadFile(filepath.Join(made, file))
		if err != nil || strings.Contains(string(text), backupKey) {
			t.Errorf("%s holds the master key, or cannot be read: %v", file, err)
		}
	}
	return made
}

// reader makes the role that deploy/k8s/components/backup asks for, which may
// read everything and do nothing else, and returns its URL.
func (s *saved) reader(t *testing.T) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.postgres.URL(pgserver.Superuser, pgserver.Database))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(within(t)) }()
	for _, sql := range []string{"CREATE ROLE backup LOGIN IN ROLE pg_read_all_data", "GRANT CONNECT ON DATABASE " + pgserver.Database + " TO backup"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	return s.postgres.URL("backup", pgserver.Database)
}

// destroy stops the house and its servers, and removes everything they have;
// then there are new servers.
func (s *saved) destroy(t *testing.T) {
	t.Helper()
	s.end()
	s.stop()
	s.nats.Stop()
	if err := s.postgres.Stop(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(s.env["ACTIONPLANE_DATA_DIR"]); err != nil {
		t.Fatal(err)
	}
	s.startServers(t)
}

// refusals tries what must not be restored.
func (s *saved) refusals(t *testing.T, dir string) {
	t.Helper()
	damaged := filepath.Join(t.TempDir(), "damaged")
	if err := os.CopyFS(damaged, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(damaged, "database.dump"), os.O_RDWR, 0)
	if err == nil {
		_, err = f.WriteAt([]byte("?"), 5000)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		dir  string
		env  map[string]string
		want string
	}{
		{damaged, nil, "is damaged"},
		{dir, map[string]string{"ACTIONPLANE_MASTER_KEY": "a key that is another one"}, "is not the one that the backup was made under"},
		{t.TempDir(), nil, "SHA256SUMS is missing"},
	} {
		if out, err := s.run(t, tc.env, "restore.sh", tc.dir); err == nil || !strings.Contains(out, tc.want) {
			t.Errorf("got %v: %s, want %q", err, out, tc.want)
		}
	}
}

// restore restores the backup, once, and starts the house.
func (s *saved) restore(t *testing.T, dir string) {
	t.Helper()
	begin := time.Now()
	if out, err := s.run(t, nil, "restore.sh", dir); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("a restore takes %s", time.Since(begin).Round(time.Millisecond))
	if out, err := s.run(t, nil, "restore.sh", dir); err == nil || !strings.Contains(out, "is not empty") {
		t.Errorf("it is restored over another: %v: %s", err, out)
	}
	s.startHouse(t)
}

// wantOnce checks that each event is one delivery to the sink that is recorded
// as succeeded, and that targets were sent what verifies.
func (s *saved) wantOnce(t *testing.T, when string, events []int) {
	t.Helper()
	for _, c := range []*counting{s.sink, s.down} {
		c.mu.Lock()
		twice := 0
		for _, n := range c.got {
			if n > 1 {
				twice++
			}
		}
		t.Logf("%s: %d events before the backup, %d in all, %d came more than once", when, len(events), len(c.got), twice)
		for _, err := range c.wrong[:min(3, len(c.wrong))] {
			t.Error(err)
		}
		c.mu.Unlock()
	}
	var twice, missing int
	await(t, "every event is recorded", func() bool {
		recorded := s.recorded(t)
		twice, missing = 0, 0
		for _, n := range recorded {
			if n > 1 {
				twice++
			}
		}
		for _, n := range events {
			if recorded[savedID(n)] == 0 {
				missing++
			}
		}
		return missing == 0
	})
	if twice > 0 {
		t.Errorf("%d events are recorded more than once", twice)
	}
}

// recorded counts the deliveries to the sink that succeeded, by event.
func (s *saved) recorded(t *testing.T) map[string]int {
	t.Helper()
	event, found := map[any]string{}, map[string]int{}
	for _, run := range s.list(t, "runs", "") {
		event[at(run, "id")] = fmt.Sprint(at(run, "eventId"))
	}
	for _, d := range s.list(t, "deliveries", "&state=DELIVERY_STATE_SUCCEEDED&targetId="+s.sinkID.id) {
		found[event[at(d, "runId")]]++
	}
	return found
}

// list returns all of something, page by page.
func (s *saved) list(t *testing.T, what, filter string) (all []any) {
	t.Helper()
	for before := ""; ; {
		answer := s.owner.want(t, http.StatusOK, http.MethodGet, "/actionplane/v1/"+what+"?limit=1000&before="+before+filter, nil)
		page, _ := answer[what].([]any)
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		before, _ = at(page[len(page)-1], "id").(string)
	}
}

// goesOn checks that what waited for approval is done once it has it, and that
// new events are delivered.
func (s *saved) goesOn(t *testing.T) {
	t.Helper()
	s.owner.as(s.second).want(t, http.StatusOK, http.MethodPost, s.requests()+"/"+s.waits+"/approve", object{"note": "fine"})
	await(t, "what was approved is done", func() bool {
		list, _ := s.owner.want(t, http.StatusOK, http.MethodGet, s.people(), nil)["people"].([]any)
		return slices.ContainsFunc(list, func(p any) bool { return at(p, "name") == askedFor })
	})
	if err := s.publish(within(t)); err != nil {
		t.Fatal(err)
	}
	await(t, "a new event is delivered", func() bool { return len(s.sink.missing(s.accepted()[len(s.accepted())-1:])) == 0 })
	if s.owner.want(t, http.StatusOK, http.MethodGet, s.requests()+":verify", nil)["intact"] != true {
		t.Error("the audit is broken")
	}
}
