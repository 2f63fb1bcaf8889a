package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/trace"
	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// migrations is a service with an outbox and a row to change.
func migrations() fstest.MapFS {
	return fstest.MapFS{
		"0001_init.up.sql":   {Data: []byte(outbox.Schema + "CREATE TABLE counters (key int PRIMARY KEY, n int NOT NULL);")},
		"0001_init.down.sql": {Data: []byte(outbox.DropSchema + "DROP TABLE counters;")},
	}
}

// published is what a recorder saw.
type published struct {
	Subject, ID string
	Header      map[string][]string
	Data        string
	Trace       trace.TraceID
}

// recorder is a Publisher that remembers, in order.
type recorder struct {
	mu   sync.Mutex
	got  []published
	news chan struct{}                              // has a token after every publish
	fail func(ctx context.Context, id string) error // asked before each publish; may be nil
}

func newRecorder() *recorder { return &recorder{news: make(chan struct{}, 1)} }

func (r *recorder) Publish(ctx context.Context, subject, id string, header map[string][]string, data []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		if err := r.fail(ctx, id); err != nil {
			return err
		}
	}
	r.got = append(r.got, published{subject, id, header, string(data), trace.SpanContextFromContext(ctx).TraceID()})
	select {
	case r.news <- struct{}{}:
	default:
	}
	return nil
}

// ids returns what was published, in order.
func (r *recorder) ids() (ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.got {
		ids = append(ids, p.ID)
	}
	return ids
}

// waitFor waits until n messages were published.
func (r *recorder) waitFor(t *testing.T, n int) {
	t.Helper()
	for len(r.ids()) < n {
		select {
		case <-r.news:
		case <-t.Context().Done():
			t.Fatal("test ended")
		}
	}
}

// add commits one message.
func add(ctx context.Context, pool *pg.Pool, id string) error {
	return pool.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return outbox.Add(ctx, tx, outbox.Message{Subject: "s", ID: id, Data: []byte("data of " + id)})
	})
}

// mustAdd commits messages one after the other.
func mustAdd(t *testing.T, pool *pg.Pool, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := add(t.Context(), pool, id); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs a relay until the test ends, or the returned function is called.
func run(t *testing.T, relay *outbox.Relay) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- relay.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// left returns the number of rows in the outbox.
func left(t *testing.T, pool *pg.Pool) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM outbox").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func newRelay(pool *pg.Pool, to outbox.Publisher) *outbox.Relay {
	return outbox.NewRelay(pool, to, slog.New(slog.DiscardHandler))
}

func TestMigrationTextsUndoEachOther(t *testing.T) {
	t.Parallel()
	pgtest.RoundTrip(t, "svc", migrations())
}

func TestAdd(t *testing.T) {
	t.Parallel()

	t.Run("MessageArrivesAsItWasWithItsTrace", func(t *testing.T) {
		t.Parallel()
		pool, to := pgtest.New(t, "svc", migrations()), newRecorder()
		span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
		header := map[string][]string{"X-Tenant": {"a", "b"}}
		err := pool.Tx(trace.ContextWithSpanContext(t.Context(), span), func(ctx context.Context, tx pgx.Tx) error {
			return outbox.Add(ctx, tx, outbox.Message{Subject: "changes.x", ID: "1", Header: header, Data: []byte("\x00{ \"a\":1}")})
		})
		if err = errors.Join(err, newRelay(pool, to).Flush(t.Context())); err != nil {
			t.Fatal(err)
		}
		got := to.got[0]
		if got.Subject != "changes.x" || got.ID != "1" || got.Data != "\x00{ \"a\":1}" || got.Trace != span.TraceID() {
			t.Errorf("got %+v", got)
		}
		if !slices.Equal(got.Header["X-Tenant"], []string{"a", "b"}) || len(got.Header) != 1 { // the trace is that of ctx
			t.Errorf("header %v", got.Header)
		}
		if len(header) != 1 {
			t.Errorf("the caller's header was changed: %v", header)
		}
	})
	t.Run("RolledBackMessageIsNeverSent", func(t *testing.T) {
		t.Parallel()
		pool, to := pgtest.New(t, "svc", migrations()), newRecorder()
		boom := errors.New("boom")
		err := pool.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			return errors.Join(outbox.Add(ctx, tx, outbox.Message{Subject: "s", ID: "1"}), boom)
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if err := newRelay(pool, to).Flush(t.Context()); err != nil || len(to.ids()) != 0 {
			t.Errorf("sent %v, %v", to.ids(), err)
		}
	})
	t.Run("WithoutIDIsRefused", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "svc", migrations())
		if err := add(t.Context(), pool, ""); err == nil {
			t.Error("accepted")
		}
	})
}

func TestRelay(t *testing.T) {
	t.Parallel()

	t.Run("SendsWhatWasLeftThenWhatIsKicked", func(t *testing.T) {
		t.Parallel()
		pool, to := pgtest.New(t, "svc", migrations()), newRecorder()
		relay := newRelay(pool, to)
		mustAdd(t, pool, "1", "2")
		run(t, relay)
		to.waitFor(t, 2)
		mustAdd(t, pool, "3")
		relay.Kick()
		to.waitFor(t, 3)
		if got := to.ids(); !slices.Equal(got, []string{"1", "2", "3"}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("FindsRowsWithoutAKick", func(t *testing.T) {
		t.Parallel()
		pool, to := pgtest.New(t, "svc", migrations()), newRecorder()
		run(t, newRelay(pool, to))
		mustAdd(t, pool, "1")
		to.waitFor(t, 1)
	})
	t.Run("SendsMoreThanABatch", func(t *testing.T) {
		t.Parallel()
		pool, to := pgtest.New(t, "svc", migrations()), newRecorder()
		var want []string
		err := pool.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			want = nil
			for i := range 250 {
				want = append(want, fmt.Sprint(i))
				if err := outbox.Add(ctx, tx, outbox.Message{Subject: "s", ID: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err = errors.Join(err, newRelay(pool, to).Flush(t.Context())); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(to.ids(), want) || left(t, pool) != 0 {
			t.Errorf("got %v, left %d", to.ids(), left(t, pool))
		}
	})
	t.Run("FailedPublishKeepsItsPlace", func(t *testing.T) {
		t.Parallel()
		pool, to := pgtest.New(t, "svc", migrations()), newRecorder()
		fails := 3
		to.fail = func(_ context.Context, id string) error {
			if id == "2" && fails > 0 {
				fails--
				return errors.New("bus is away")
			}
			return nil
		}
		mustAdd(t, pool, "1", "2", "3")
		run(t, newRelay(pool, to))
		to.waitFor(t, 3)
		if got := to.ids(); !slices.Equal(got, []string{"1", "2", "3"}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("EmptiesTheOutboxBeforeItStops", func(t *testing.T) {
		t.Parallel()
		pool, to := pgtest.New(t, "svc", migrations()), newRecorder()
		mustAdd(t, pool, "1", "2")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := newRelay(pool, to).Run(ctx); err != nil || len(to.ids()) != 2 || left(t, pool) != 0 {
			t.Errorf("sent %v, left %d, %v", to.ids(), left(t, pool), err)
		}
	})
}

func TestCrashBetweenPublishAndDeleteRepeatsTheSameID(t *testing.T) {
	t.Parallel()
	pool, to := pgtest.New(t, "svc", migrations()), newRecorder()
	mustAdd(t, pool, "1", "2", "3")
	crashed := false
	to.fail = func(ctx context.Context, id string) error {
		if id != "2" || crashed {
			return nil
		}
		crashed = true
		// The relay's connection dies, as with its process, after the bus took
		// "1" and before the row is deleted; the publish itself still succeeds.
		_, err := pool.Exec(ctx, `SELECT pg_terminate_backend(l.pid, 10000) FROM pg_locks l
			WHERE l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
		return err
	}
	if err := newRelay(pool, to).Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := to.ids(); !slices.Equal(got, []string{"1", "2", "3", "1", "2", "3"}) || left(t, pool) != 0 {
		t.Errorf("got %v, left %d", got, left(t, pool))
	}
}

func TestFlush(t *testing.T) {
	t.Parallel()

	t.Run("OfAnEmptyOutboxReturns", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "svc", migrations())
		if err := newRelay(pool, newRecorder()).Flush(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("GivesUpWithItsContextAndKeepsTheRow", func(t *testing.T) {
		t.Parallel()
		pool, to := pgtest.New(t, "svc", migrations()), newRecorder()
		ctx, cancel := context.WithCancel(t.Context())
		away := errors.New("bus is away")
		to.fail = func(context.Context, string) error { cancel(); return away }
		mustAdd(t, pool, "1")
		if err := newRelay(pool, to).Flush(ctx); !errors.Is(err, away) || left(t, pool) != 1 {
			t.Errorf("err = %v, left %d", err, left(t, pool))
		}
	})
	t.Run("WaitsForRowsThatAnotherRelayIsSending", func(t *testing.T) {
		t.Parallel()
		pool, slow, fast := pgtest.New(t, "svc", migrations()), newRecorder(), newRecorder()
		entered, release := make(chan struct{}), make(chan struct{})
		slow.fail = func(context.Context, string) error { close(entered); <-release; return nil }
		mustAdd(t, pool, "1")
		run(t, newRelay(pool, slow))
		<-entered
		flushed := make(chan error, 1)
		go func() { flushed <- newRelay(pool, fast).Flush(t.Context()) }()
		select {
		case err := <-flushed:
			t.Errorf("returned %v before the row was sent", err)
			flushed <- err
		default:
		}
		close(release)
		if err := <-flushed; err != nil || left(t, pool) != 0 || len(fast.ids()) != 0 {
			t.Errorf("err = %v, left %d, sent again %v", err, left(t, pool), fast.ids())
		}
	})
}

// TestOrderIsKept lets concurrent writers change shared counters under their
// row locks while two relays with a failing bus publish. Per counter, what
// arrives first must be 1, 2, 3, ... without a gap; repeats are allowed.
func TestOrderIsKept(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		writers := rapid.IntRange(1, 3).Draw(rt, "writers")
		writes := rapid.IntRange(1, 8).Draw(rt, "writes")
		keys := rapid.IntRange(1, 3).Draw(rt, "keys")
		failEach := rapid.IntRange(4, 40).Draw(rt, "failEach")
		t.Run("", func(t *testing.T) { checkOrder(t, writers, writes, keys, failEach) })
	})
}

// checkOrder is one case of TestOrderIsKept.
func checkOrder(t *testing.T, writers, writes, keys, failEach int) {
	pool, to := pgtest.New(t, "svc", migrations()), newRecorder()
	calls := 0
	to.fail = func(context.Context, string) error {
		if calls++; calls%failEach == 0 {
			return errors.New("bus is away")
		}
		return nil
	}
	relays := []*outbox.Relay{newRelay(pool, to), newRelay(pool, to)}
	stops := []func(){run(t, relays[0]), run(t, relays[1])}
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range writes {
				if err := count(t.Context(), pool, (w+i)%keys); err != nil {
					t.Error(err)
				}
				relays[i%2].Kick()
			}
		})
	}
	all.Wait()
	if err := relays[0].Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, stop := range stops {
		stop()
	}
	checkCounts(t, to.ids(), writers*writes)
}

// count raises a counter and announces its new value as "key:value".
func count(ctx context.Context, pool *pg.Pool, key int) error {
	return pool.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var n int
		err := tx.QueryRow(ctx, `INSERT INTO counters VALUES ($1, 1)
			ON CONFLICT (key) DO UPDATE SET n = counters.n + 1 RETURNING n`, key).Scan(&n)
		if err != nil {
			return err
		}
		return outbox.Add(ctx, tx, outbox.Message{Subject: "s", ID: fmt.Sprintf("%d:%d", key, n)})
	})
}

// checkCounts checks that every counter's values came in order, none missing.
func checkCounts(t *testing.T, ids []string, want int) {
	t.Helper()
	last := map[int]int{}
	total := 0
	for _, id := range ids {
		var key, n int
		if _, err := fmt.Sscanf(id, "%d:%d", &key, &n); err != nil {
			t.Fatal(err)
		}
		switch {
		case n == last[key]+1:
			last[key] = n
			total++
		case n > last[key]:
			t.Fatalf("%s came after %d:%d: %v", id, key, last[key], ids)
		}
	}
	if total != want {
		t.Errorf("%d of %d arrived", total, want)
	}
}

func BenchmarkRelay(b *testing.B) {
	url := pgtest.URL(b, "svc", migrations())
	pool, err := pg.Open(b.Context(), pg.Config{URL: url, Schema: "svc"})
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	relay := newRelay(pool, newRecorder())
	for b.Loop() {
		if err := errors.Join(add(b.Context(), pool, "1"), relay.Flush(b.Context())); err != nil {
			b.Fatal(err)
		}
	}
}
