package main

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestMigrations(t *testing.T) {
	t.Parallel()
	const folder = "services/targets/internal/store/migrations/"
	for name, tc := range map[string]struct {
		sql  string
		want string // part of the finding; empty: none
	}{
		"MayAddAColumn":                      {"ALTER TABLE targets ADD COLUMN note text;", ""},
		"MayAddAColumnWithADefault":          {"ALTER TABLE targets\n    ADD COLUMN note text NOT NULL DEFAULT 'drop table', -- or so\n    ADD COLUMN at timestamptz NOT NULL DEFAULT now();", ""},
		"MayMakeATableWithAnIndex":           {"CREATE TABLE IF NOT EXISTS more (id text NOT NULL);\nCREATE INDEX more_id ON more (id);\nALTER TABLE more ALTER COLUMN id SET NOT NULL;", ""},
		"MayAddAConstraintThatIsNotChecked":  {"ALTER TABLE targets ADD CONSTRAINT named CHECK (name <> '') NOT VALID;", ""},
		"MaySayWhyItIsSafe":                  {"-- safe: nothing has read it for two releases\nALTER TABLE targets DROP COLUMN old;", ""},
		"MaySayHowAnIndexIsBuilt":            {"-- Build it before with CREATE INDEX CONCURRENTLY.\nCREATE INDEX IF NOT EXISTS t ON targets (id);", ""},
		"DoNotDropColumns":                   {"ALTER TABLE targets\n    DROP COLUMN old;", "0002_next.up.sql:1: drops"},
		"DoNotDropTables":                    {"\n-- gone\ndrop table old;", "0002_next.up.sql:3: drops"},
		"DoNotRename":                        {"ALTER TABLE targets RENAME COLUMN a TO b;", "renames"},
		"DoNotForbidNull":                    {"ALTER TABLE targets ALTER COLUMN a SET NOT NULL;", "refuses"},
		"DoNotChangeTypes":                   {"ALTER TABLE targets ALTER COLUMN a TYPE bigint;", "rewrites"},
		"DoNotRequireWhatNobodyFills":        {"ALTER TABLE targets ADD COLUMN a text NOT NULL;", "give it a default"},
		"DoNotFillRowByRow":                  {"ALTER TABLE targets ADD COLUMN a uuid DEFAULT gen_random_uuid();", "differs from row to row"},
		"DoNotCheckWhatIsThere":              {"ALTER TABLE targets ADD CONSTRAINT named CHECK (name <> '');", "NOT VALID"},
		"DoNotBuildIndexesUnawares":          {"CREATE UNIQUE INDEX t ON targets (id);", "builds an index"},
		"DoNotUpdateEverything":              {"UPDATE targets SET a = 1;", "small pieces"},
		"ACommentIsForItsOwnStatementAlone":  {"-- safe: yes\nDROP TABLE a;\nDROP TABLE b;", "0002_next.up.sql:3: drops"},
		"ATableOfTheSameFileIsNotAnyOther":   {"CREATE TABLE more (id text);\nCREATE INDEX t ON targets (id);", "0002_next.up.sql:2: builds"},
		"DoNotFillTablesThatAreThereBesides": {"CREATE TABLE more (id text);\nUPDATE targets SET a = 1;", "0002_next.up.sql:2: holds"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo := fstest.MapFS{
				folder + "0001_init.up.sql":   {Data: []byte("CREATE TABLE targets (id text); CREATE INDEX x ON y (z); DROP TABLE z;")},
				folder + "0001_init.down.sql": {}, folder + "0002_next.down.sql": {},
				folder + "0002_next.up.sql": {Data: []byte(tc.sql)},
			}
			got, err := migrations(repo, "")
			if err != nil {
				t.Fatal(err)
			}
			if tc.want == "" && len(got) > 0 || tc.want != "" && (len(got) != 1 || !strings.Contains(got[0], tc.want)) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if released, err := migrations(repo, "# so\nreleased targets 0002\n"); err != nil || len(released) > 0 {
				t.Errorf("what was released before is judged: %q, %v", released, err)
			}
		})
	}
	t.Run("AreCountedWithoutGapsAndCanBeUndoneInTests", func(t *testing.T) {
		t.Parallel()
		got, err := migrations(fstest.MapFS{folder + "0001_init.up.sql": {}, folder + "0001_init.down.sql": {}, folder + "0003_x.up.sql": {}}, "")
		if err != nil || len(got) != 2 || !strings.Contains(got[0], "0002 is missing") || !strings.Contains(got[1], "no down file") {
			t.Errorf("got %q, %v", got, err)
		}
	})
	t.Run("AListThatCannotBeReadIsAnError", func(t *testing.T) {
		t.Parallel()
		for _, list := range []string{"released targets", "released targets x", "spared targets 0001"} {
			if _, err := migrations(fstest.MapFS{}, list); err == nil {
				t.Errorf("%q is taken", list)
			}
		}
	})
}
