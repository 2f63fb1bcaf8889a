package pg_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// migrations is a schema with constraints of every kind.
func migrations() fstest.MapFS {
	return fstest.MapFS{
		"0001_init.up.sql": {Data: []byte(`
CREATE TABLE owners (id int PRIMARY KEY);
CREATE TABLE things (
    id    int  PRIMARY KEY,
    owner int  NOT NULL REFERENCES owners,
    size  int  NOT NULL CHECK (size > 0)
);
INSERT INTO owners VALUES (1);
INSERT INTO things VALUES (1, 1, 1);`)},
		"0001_init.down.sql": {Data: []byte("DROP TABLE things; DROP TABLE owners;")},
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, "things", migrations())

	t.Run("SeesItsSchemaOnly", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "things", migrations())
		var path, zone string
		if err := pool.QueryRow(t.Context(), "SELECT current_setting('search_path'), current_setting('timezone')").Scan(&path, &zone); err != nil {
			t.Fatal(err)
		}
		if path != `"things"` || zone != "UTC" {
			t.Errorf("search_path %s, timezone %s", path, zone)
		}
	})
	t.Run("DefaultsToEightConnections", func(t *testing.T) {
		t.Parallel()
		pool, err := pg.Open(t.Context(), pg.Config{URL: url, Schema: "things"})
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		if got := pool.Config().MaxConns; got != pg.DefaultMaxConns {
			t.Errorf("MaxConns = %d", got)
		}
	})
	t.Run("RefusesAStrangeSchemaName", func(t *testing.T) {
		t.Parallel()
		if _, err := pg.Open(t.Context(), pg.Config{URL: url, Schema: `a"; DROP`}); fault.CodeOf(err) != fault.CodeInvalid {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("MissingDatabaseIsNotWorthRetrying", func(t *testing.T) {
		t.Parallel()
		_, err := pg.Open(t.Context(), pg.Config{URL: strings.Replace(url, "/test_", "/gone_", 1), Schema: "things"})
		if err == nil || pg.IsUnavailable(err) || !strings.Contains(err.Error(), "does not exist") || strings.Contains(err.Error(), "\n") {
			t.Errorf("err = %v", err)
		}
	})
}

func TestOpenWithoutAServerIsOneLineAndUnavailable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = pg.Open(t.Context(), pg.Config{URL: "postgres://me:hunter2@" + address + "/db", Schema: "things"})
	if !pg.IsUnavailable(err) {
		t.Fatalf("not unavailable: %v", err)
	}
	if text := err.Error(); strings.Contains(text, "\n") || strings.Contains(text, "hunter2") || !strings.Contains(text, address) {
		t.Errorf("text = %q", text)
	}
}

func TestOpenNeverPrintsAPasswordOfABrokenURL(t *testing.T) {
	t.Parallel()
	_, err := pg.Open(t.Context(), pg.Config{URL: "postgres://me:hunter2@host:port:port/db", Schema: "things"})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("err = %v", err)
	}
}

func TestTx(t *testing.T) {
	t.Parallel()

	t.Run("CommitsWhenNil", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "things", migrations())
		if err := pool.Tx(t.Context(), insertOwner(7)); err != nil {
			t.Fatal(err)
		}
		if got := countOwners(t, pool); got != 2 {
			t.Errorf("owners = %d", got)
		}
	})
	t.Run("RollsBackOnErrorAndReturnsIt", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "things", migrations())
		boom := errors.New("boom")
		err := pool.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			return errors.Join(insertOwner(7)(ctx, tx), boom)
		})
		if !errors.Is(err, boom) || countOwners(t, pool) != 1 {
			t.Errorf("err = %v, owners = %d", err, countOwners(t, pool))
		}
	})
	t.Run("RollsBackOnPanic", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "things", migrations())
		func() {
			defer func() { _ = recover() }()
			_ = pool.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
				_ = insertOwner(7)(ctx, tx)
				panic("boom")
			})
		}()
		if got := countOwners(t, pool); got != 1 || pool.Stat().AcquiredConns() != 0 {
			t.Errorf("owners = %d, connections held = %d", got, pool.Stat().AcquiredConns())
		}
	})
	t.Run("KeepsTheConnectionWhenTheCallerLeaves", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "things", migrations())
		ctx, cancel := context.WithCancel(t.Context())
		err := pool.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			cancel()
			return ctx.Err()
		})
		if fault.CodeOf(err) != fault.CodeCanceled || pool.Stat().TotalConns() != 1 {
			t.Errorf("err = %v, connections = %d", err, pool.Stat().TotalConns())
		}
	})
}

func TestTxRunsALostRaceAgain(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]int{"SucceedsOnTheThird": 2, "GivesUpAfterThree": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t, "things", migrations())
			runs := 0
			err := pool.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
				if runs++; runs <= fails {
					return &pgconn.PgError{Code: "40001"}
				}
				return insertOwner(7)(ctx, tx)
			})
			if runs != 3 {
				t.Errorf("runs = %d", runs)
			}
			if want := fails == 3; (fault.CodeOf(err) == fault.CodeAborted) != want {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestTxSurvivesARealDeadlock(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "things", migrations())
	if _, err := pool.Exec(t.Context(), "INSERT INTO owners VALUES (2); "); err != nil {
		t.Fatal(err)
	}
	// Both hold one row and ask for the other's; later runs do not wait, because
	// the winner is gone by then.
	var met [2]chan struct{}
	met[0], met[1] = make(chan struct{}), make(chan struct{})
	lock := func(me int) error {
		first := true
		return pool.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "UPDATE owners SET id = id WHERE id = $1", me+1); err != nil {
				return err
			}
			if first {
				first = false
				close(met[me])
				<-met[1-me]
			}
			_, err := tx.Exec(ctx, "UPDATE owners SET id = id WHERE id = $1", 2-me)
			return err
		})
	}
	other := make(chan error, 1)
	go func() { other <- lock(1) }()
	if err := errors.Join(lock(0), <-other); err != nil {
		t.Error(err)
	}
}

func TestTranslate(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "things", migrations())
	exec := func(sql string) error { _, err := pool.Exec(t.Context(), sql); return err }
	slow, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, slowErr := pool.Exec(slow, "SELECT pg_sleep(60)")
	canceled, stop := context.WithCancel(t.Context())
	stop()
	_, canceledErr := pool.Exec(canceled, "SELECT 1")

	for _, c := range []struct {
		name string
		err  error
		want fault.Code
	}{
		{"NoRow", pool.QueryRow(t.Context(), "SELECT id FROM owners WHERE id = 99").Scan(new(int)), fault.CodeNotFound},
		{"TakenKey", exec("INSERT INTO owners VALUES (1)"), fault.CodeAlreadyExists},
		{"MissingReference", exec("INSERT INTO things VALUES (2, 99, 1)"), fault.CodeFailedPrecondition},
		{"StillReferred", exec("DELETE FROM owners"), fault.CodeFailedPrecondition},
		{"FailedCheck", exec("INSERT INTO things VALUES (2, 1, 0)"), fault.CodeInvalid},
		{"MissingValue", exec("INSERT INTO things VALUES (2, 1, NULL)"), fault.CodeInvalid},
		{"OutOfRange", exec("INSERT INTO owners VALUES (99999999999)"), fault.CodeInvalid},
		{"StatementTimeout", exec("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '57014'; END $$"), fault.CodeDeadline},
		{"Shutdown", exec("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '57P01'; END $$"), fault.CodeUnavailable},
		{"TooManyConnections", &pgconn.PgError{Code: "53300"}, fault.CodeUnavailable},
		{"CallerOutOfTime", slowErr, fault.CodeDeadline},
		{"CallerGone", canceledErr, fault.CodeCanceled},
		{"ShortState", &pgconn.PgError{Code: "4"}, fault.CodeUnknown},
		{"OurMistake", exec("SELECT nonsense"), fault.CodeUnknown},
		{"Foreign", errors.New("boom"), fault.CodeUnknown},
		{"FaultStays", fault.Exhausted("full"), fault.CodeExhausted},
	} {
		got := pg.Translate(c.err)
		if c.err == nil || fault.CodeOf(got) != c.want || !errors.Is(got, c.err) {
			t.Errorf("%s: %v became %v, want code %d", c.name, c.err, got, c.want)
		}
	}
	if pg.Translate(nil) != nil {
		t.Error("nil became an error")
	}
}

func TestTranslateCallsALostConnectionUnavailable(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "things", migrations())
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	_, kill := conn.Exec(t.Context(), "SELECT pg_terminate_backend(pg_backend_pid())")
	_, after := conn.Exec(t.Context(), "SELECT 1")
	if !pg.IsUnavailable(kill) || !pg.IsUnavailable(after) {
		t.Errorf("kill: %v, after: %v", kill, after)
	}
}

// insertOwner returns a transaction that adds a row.
func insertOwner(id int) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO owners VALUES ($1)", id)
		return err
	}
}

// countOwners returns the number of rows.
func countOwners(t *testing.T, pool *pg.Pool) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM owners").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func BenchmarkTx(b *testing.B) {
	b.Run("Empty", func(b *testing.B) {
		url := pgtest.URL(b, "things", migrations())
		pool, err := pg.Open(b.Context(), pg.Config{URL: url, Schema: "things"})
		if err != nil {
			b.Fatal(err)
		}
		defer pool.Close()
		for b.Loop() {
			if err := pool.Tx(b.Context(), func(context.Context, pgx.Tx) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestConnectionsThatTheServerEndedAreNotHandedOut: after a restart of Postgres
// the first statement of every pooled connection would fail.
func TestConnectionsThatTheServerEndedAreNotHandedOut(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t, "things", migrations())
	open := func(name string, conns int32) *pg.Pool {
		pool, err := pg.Open(t.Context(), pg.Config{URL: url, Schema: name, MaxConns: conns})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		return pool
	}
	ended, other := open("things", 4), open("other", 1)
	const sessions = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'things'"
	for range 10 {
		held := make([]*pgxpool.Conn, 4) // all of them, used a moment ago
		for i := range held {
			conn, err := ended.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			held[i] = conn
		}
		for _, conn := range held {
			conn.Release()
		}
		if _, err := other.Exec(t.Context(), "SELECT pg_terminate_backend(pid) "+sessions); err != nil {
			t.Fatal(err)
		}
		for left := 1; left > 0; {
			if err := other.QueryRow(t.Context(), "SELECT count(*) "+sessions).Scan(&left); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := ended.Exec(t.Context(), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
}
