package pg_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
)

var kinds = fstest.MapFS{"0001_init.up.sql": {Data: []byte(`
CREATE TABLE kinds (id bigint PRIMARY KEY, n integer, said text, doc json, raw bytea, yes boolean, at timestamptz, "odd ""name" text);
CREATE TABLE others (id bigint PRIMARY KEY)`)}}

// kind is a row of kinds.
type kind struct {
	id   int64
	n    int32
	said string
	raw  []byte
	yes  bool
	at   time.Time
}

// Made once, as services do: rows take the room of those that were stored before.
var (
	kindsTable  = pg.NewTable("kinds", "id", "n", "said", "doc", "raw", "yes", "at", `odd "name`)
	othersTable = pg.NewTable("others", "id")
)

func rowsOf(all ...kind) *pg.Rows {
	rows := kindsTable.Rows(0)
	for _, k := range all {
		rows.Begin()
		rows.Bigint(k.id)
		rows.Integer(k.n)
		rows.Text(k.said)
		rows.Text(`{"a":1}`)
		rows.BytesOrNull(k.raw)
		rows.Boolean(k.yes)
		rows.TimeOrNull(k.at)
		rows.TextOrNull(k.said)
	}
	return rows
}

func others(ids ...int64) *pg.Rows {
	rows := othersTable.Rows(8)
	for _, id := range ids {
		rows.Begin()
		rows.Bigint(id)
	}
	return rows
}

func count(t *testing.T, pool *pg.Pool, table string) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCopyAll(t *testing.T) {
	t.Parallel()

	t.Run("ReadsBackAsWritten", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "s", kinds)
		next := int64(0)
		rapid.Check(t, func(r *rapid.T) {
			next++
			want := kind{
				id: next, n: rapid.Int32().Draw(r, "n"), said: strings.ReplaceAll(rapid.String().Draw(r, "said"), "\x00", ""),
				raw: rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(r, "raw"), yes: rapid.Bool().Draw(r, "yes"),
				at: time.UnixMicro(rapid.Int64Range(-1e15, 1e16).Draw(r, "at")).UTC(),
			}
			if err := pool.CopyAll(t.Context(), rowsOf(want), others(next)); err != nil {
				r.Fatal(err)
			}
			var got kind
			var doc string
			var odd *string
			err := pool.QueryRow(t.Context(), `SELECT id, n, said, doc, raw, yes, at, "odd ""name" FROM kinds JOIN others USING (id) WHERE id = $1`, next).
				Scan(&got.id, &got.n, &got.said, &doc, &got.raw, &got.yes, &got.at, &odd)
			if err != nil {
				r.Fatal(err)
			}
			got.at = got.at.UTC()
			if fmt.Sprint(got) != fmt.Sprint(want) || doc != `{"a":1}` || (odd == nil) != (want.said == "") {
				r.Fatalf("wrote %v, read %v, %s, %v", want, got, doc, odd)
			}
		})
	})
	t.Run("IsAllOrNothing", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "s", kinds)
		if err := pool.CopyAll(t.Context(), rowsOf(), others()); err != nil {
			t.Errorf("nothing: %v", err)
		}
		if err := pool.CopyAll(t.Context(), rowsOf(kind{id: 1}), others(1)); err != nil {
			t.Fatal(err)
		}
		for name, tables := range map[string][]*pg.Rows{
			"TakenInTheFirst":  {rowsOf(kind{id: 1}), others(2)},
			"TakenInTheSecond": {rowsOf(kind{id: 2}), others(1)},
		} {
			if err := pool.CopyAll(t.Context(), tables...); fault.CodeOf(err) != fault.CodeAlreadyExists {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n, m := count(t, pool, "kinds"), count(t, pool, "others"); n != 1 || m != 1 || pool.Stat().TotalConns() != 1 {
			t.Errorf("%d and %d rows, by %d connections", n, m, pool.Stat().TotalConns())
		}
	})
	t.Run("TakesMoreThanAMessageHolds", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "s", kinds)
		if err := pool.CopyAll(t.Context(), rowsOf(kind{id: 1, raw: bytes.Repeat([]byte("a"), 3<<20)}, kind{id: 2}), others(1)); err != nil {
			t.Fatal(err)
		}
		if n, m := count(t, pool, "kinds"), count(t, pool, "others"); n != 2 || m != 1 {
			t.Errorf("%d and %d rows", n, m)
		}
	})
	t.Run("EndsWithItsContext", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "s", kinds)
		tx, err := pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "LOCK TABLE kinds"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := pool.CopyAll(ctx, rowsOf(kind{id: 1})); fault.CodeOf(err) != fault.CodeDeadline {
			t.Errorf("err = %v", err)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := pool.CopyAll(t.Context(), rowsOf(kind{id: 2})); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
	t.Run("ServerGone", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "s", kinds)
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "SELECT pg_terminate_backend(pg_backend_pid())"); err == nil {
			t.Fatal("still there")
		}
		conn.Release()
		if err := pool.CopyAll(t.Context(), rowsOf(kind{id: 1})); err != nil {
			t.Errorf("on a new connection: %v", err)
		}
	})
}
