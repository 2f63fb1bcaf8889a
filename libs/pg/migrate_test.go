package pg_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
)

// files makes a file system of name, text pairs.
func files(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	one := []string{"0001_a.up.sql", "CREATE TABLE a (n int); CREATE TABLE steps (n int); INSERT INTO steps VALUES (1);"}
	two := []string{"0002_b.up.sql", "CREATE TABLE b (n int); INSERT INTO steps VALUES (2);"}

	t.Run("AppliesWhatIsNew", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "s", nil)
		for _, fsys := range []fstest.MapFS{files(one...), files(one...), files(append(one, two...)...)} {
			if err := pg.Migrate(t.Context(), pool, fsys); err != nil {
				t.Fatal(err)
			}
		}
		wantSteps(t, pool, "1,2")
	})
	t.Run("FindsFilesInAFolder", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "s", nil)
		if err := pg.Migrate(t.Context(), pool, files("migrations/"+one[0], one[1], "migrations/README.md", "x")); err != nil {
			t.Fatal(err)
		}
		wantSteps(t, pool, "1")
	})
	t.Run("OldBuildAcceptsNewerSchema", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "s", files(append(one, two...)...))
		if err := pg.Migrate(t.Context(), pool, files(one...)); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("FailedMigrationLeavesNothing", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t, "s", files(one...))
		err := pg.Migrate(t.Context(), pool, files(append(one, "0002_b.up.sql", "INSERT INTO steps VALUES (2);\nSELECT nonsense;")...))
		if err == nil || !strings.Contains(err.Error(), "0002_b line 2") {
			t.Errorf("err = %v", err)
		}
		wantSteps(t, pool, "1")
	})
	t.Run("CommitInsideIsRefused", func(t *testing.T) {
		t.Parallel()
		err := pg.Migrate(t.Context(), pgtest.New(t, "s", nil), files("0001_a.up.sql", "SELECT 1; COMMIT;"))
		if err == nil || !strings.Contains(err.Error(), "ends its own transaction") {
			t.Errorf("err = %v", err)
		}
	})
}

func TestMigrateRefuses(t *testing.T) {
	t.Parallel()
	const a = "0001_a.up.sql"
	for name, c := range map[string]struct {
		before, after fstest.MapFS
		want          string
	}{
		"AnEditedMigration":       {files(a, "SELECT 1"), files(a, "SELECT 2"), "0001_a was edited after it was applied"},
		"ARenamedMigration":       {files(a, "SELECT 1"), files("0001_z.up.sql", "SELECT 1"), "is applied as 0001_a and is now called 0001_z"},
		"ANumberBehindTheNewest":  {files("0002_b.up.sql", ""), files(a, "", "0002_b.up.sql", ""), "0001_a is older than version 0002"},
		"TwoWithOneNumber":        {nil, files(a, "", "0001_b.up.sql", ""), "have the same number"},
		"AMisspelledName":         {nil, files("1_a.up.sql", ""), "is not named"},
		"ADownFileWithoutItsUp":   {nil, files("0001_a.down.sql", ""), "no up file"},
		"AFileOutsideTheSequence": {nil, files("seed.sql", ""), "is not named"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := pg.Migrate(t.Context(), pgtest.New(t, "s", c.before), c.after)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("err = %v, want %q", err, c.want)
			}
		})
	}
}

func TestMigrateByManyReplicasAtOnceAppliesEachOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "s", nil)
	fsys := files("0001_a.up.sql", "CREATE TABLE steps (n int); INSERT INTO steps VALUES (1);")
	want := "1"
	for n := 2; n < 9; n++ {
		fsys[fmt.Sprintf("%04d_b.up.sql", n)] = &fstest.MapFile{Data: fmt.Appendf(nil, "INSERT INTO steps VALUES (%d);", n)}
		want += fmt.Sprintf(",%d", n)
	}
	var all sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		all.Go(func() { errs[i] = pg.Migrate(t.Context(), pool, fsys) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	wantSteps(t, pool, want)
}

func TestMigrateDownRunsBackwards(t *testing.T) {
	t.Parallel()
	pgtest.RoundTrip(t, "things", migrations())
	pgtest.RoundTrip(t, "s", files(
		"0001_a.up.sql", "CREATE TABLE a (n int);", "0001_a.down.sql", "DROP TABLE a;",
		"0002_b.up.sql", "ALTER TABLE a ADD m int;", "0002_b.down.sql", "ALTER TABLE a DROP m;"))
}

func TestMigrateDownWithoutDownFileSaysSo(t *testing.T) {
	t.Parallel()
	fsys := files("0001_a.up.sql", "SELECT 1")
	err := pg.MigrateDown(t.Context(), pgtest.New(t, "s", fsys), fsys)
	if err == nil || !strings.Contains(err.Error(), "0001_a has no down file") {
		t.Errorf("err = %v", err)
	}
}

// wantSteps checks which migrations ran, in order.
func wantSteps(t *testing.T, pool *pg.Pool, want string) {
	t.Helper()
	var got string
	if err := pool.QueryRow(t.Context(), "SELECT string_agg(n::text, ',' ORDER BY ctid) FROM steps").Scan(&got); err != nil || got != want {
		t.Errorf("steps = %s, %v; want %s", got, err, want)
	}
}
