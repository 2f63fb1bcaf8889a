package pgtest_test

import (
	"fmt"
	"os"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// migrations is a schema with one table.
func migrations() fstest.MapFS {
	return fstest.MapFS{
		"0001_init.up.sql":   {Data: []byte("CREATE TABLE things (name text PRIMARY KEY);\nINSERT INTO things VALUES ('first');")},
		"0001_init.down.sql": {Data: []byte("DROP TABLE things;")},
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for i := range 8 {
		t.Run(fmt.Sprintf("DatabaseIsTheTestsOwn%d", i), func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t, "stuff", migrations())
			if _, err := pool.Exec(t.Context(), "INSERT INTO things VALUES ('mine')"); err != nil {
				t.Fatal(err)
			}
			var n int
			if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM things").Scan(&n); err != nil || n != 2 {
				t.Errorf("rows = %d, %v; want 2", n, err)
			}
		})
	}
}

func TestNewWithoutMigrationsHasEmptySchema(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "bare", nil)
	if _, err := pool.Exec(t.Context(), "CREATE TABLE anything (n int)"); err != nil {
		t.Fatal(err)
	}
}

func TestURLNamesAMigratedDatabase(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), pgtest.URL(t, "stuff", migrations()))
	if err != nil {
		t.Fatal(err)
	}
	var name string
	if err := conn.QueryRow(t.Context(), "SELECT name FROM stuff.things").Scan(&name); err != nil || name != "first" {
		t.Errorf("name = %q, %v", name, err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	pgtest.RoundTrip(t, "stuff", migrations())
}
