package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed migrations.txt
var migrationRules string

// migrationFile is the name of a step forward.
var migrationFile = regexp.MustCompile(`^([0-9]{4})_[a-z0-9_]+\.up\.sql$`)

// unsafe is what an old version that still serves, or its traffic, may not
// survive, with why. A statement that does it all the same says in the comment
// before it why it may: "-- safe: nothing reads it since the release before".
var unsafe = []struct {
	what *regexp.Regexp
	not  *regexp.Regexp // makes it harmless
	why  string
}{
	{regexp.MustCompile(`\bDROP\b`), nil, "drops what the old version may use: stop using it one release before"},
	{regexp.MustCompile(`\bRENAME\b`), nil, "renames what the old version knows by its old name: add, fill, and drop two releases later"},
	{regexp.MustCompile(`\bSET NOT NULL\b`), nil, "refuses what the old version writes, and reads the whole table under a lock"},
	{regexp.MustCompile(`\bALTER COLUMN \S+ (SET DATA )?TYPE\b`), nil, "rewrites the table under a lock that stops everybody"},
	{regexp.MustCompile(`\bADD COLUMN [^,]*\bNOT NULL\b`), regexp.MustCompile(`\bDEFAULT\b|\bGENERATED\b`), "the old version does not fill a column that it does not know: give it a default"},
	{regexp.MustCompile(`\bADD COLUMN [^,]*\bDEFAULT [^,]*(RANDOM|NEXTVAL|CLOCK_TIMESTAMP|UUID)`), nil, "a default that differs from row to row rewrites the table under a lock"},
	{regexp.MustCompile(`\bADD COLUMN .*\bGENERATED\b`), nil, "a generated column rewrites the table under a lock"},
	{regexp.MustCompile(`\bADD (CONSTRAINT|CHECK|UNIQUE|FOREIGN KEY|PRIMARY KEY)\b`), regexp.MustCompile(`\bNOT VALID\b`), "reads the whole table under a lock, and may refuse what the old version writes: NOT VALID first"},
	{regexp.MustCompile(`^(UPDATE|DELETE|TRUNCATE|LOCK|CLUSTER|REINDEX|VACUUM)\b`), nil, "holds locks on many rows until the migration is done: fill in small pieces, from the service"},
}

// makesIndex finds the table of an index.
var (
	makesTable = regexp.MustCompile(`^CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?(\S+)`)
	makesIndex = regexp.MustCompile(`^CREATE (?:UNIQUE )?INDEX .*?\bON (?:ONLY )?([A-Z_0-9"]+)`)
)

// migrations reports steps of schemas that must not be taken while the version
// before them serves. Steps that were released before this was looked at are
// listed in migrations.txt.
func migrations(repo fs.FS, released string) ([]string, error) {
	first, err := firstJudged(released)
	if err != nil {
		return nil, err
	}
	folders, err := fs.Glob(repo, "services/*/internal/store/migrations")
	if err != nil {
		return nil, err
	}
	var findings []string
	for _, folder := range folders {
		found, err := migrationsOf(repo, folder, first[strings.Split(folder, "/")[1]])
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
	}
	return findings, nil
}

// firstJudged returns the number of the newest step of each service that is not
// looked at.
func firstJudged(released string) (map[string]int, error) {
	newest := map[string]int{}
	for line := range strings.Lines(released) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) != 3 || words[0] != "released" {
			return nil, fmt.Errorf("migrations.txt: %q is not like: released <service> <number>", strings.TrimSpace(line))
		}
		n, err := strconv.Atoi(words[2])
		if err != nil {
			return nil, fmt.Errorf("migrations.txt: %w", err)
		}
		newest[words[1]] = n
	}
	return newest, nil
}

func migrationsOf(repo fs.FS, folder string, released int) ([]string, error) {
	entries, err := fs.ReadDir(repo, folder)
	if err != nil {
		return nil, err
	}
	var findings []string
	expected := 1
	for _, e := range entries {
		parts := migrationFile.FindStringSubmatch(e.Name())
		if parts == nil {
			continue
		}
		number, _ := strconv.Atoi(parts[1]) // four digits
		file := path.Join(folder, e.Name())
		if number != expected {
			findings = append(findings, fmt.Sprintf("%s: %04d is missing: one that comes later would be refused where this one is applied", file, expected))
		}
		expected = number + 1
		if _, err := fs.Stat(repo, strings.TrimSuffix(file, ".up.sql")+".down.sql"); errors.Is(err, fs.ErrNotExist) {
			findings = append(findings, file+": has no down file for the tests")
		}
		text, err := fs.ReadFile(repo, file)
		if err != nil {
			return nil, err
		}
		if number > max(released, 1) { // the first makes everything
			findings = append(findings, judge(file, string(text))...)
		}
	}
	return findings, nil
}

// judge reports the unsafe statements of one file.
func judge(file, text string) []string {
	var findings []string
	made := map[string]bool{}
	for _, s := range statements(text) {
		report := func(why string) { findings = append(findings, fmt.Sprintf("%s:%d: %s", file, s.line, why)) }
		if table := makesTable.FindStringSubmatch(s.sql); table != nil {
			made[table[1]] = true
		}
		if strings.Contains(s.comment, "safe: ") {
			continue
		}
		if index := makesIndex.FindStringSubmatch(s.sql); index != nil && !made[index[1]] && !strings.Contains(s.comment, "CONCURRENTLY") {
			report("builds an index while nobody can write: say how it is built before, with CREATE INDEX CONCURRENTLY, where the table is large")
		}
		for _, u := range unsafe {
			if u.what.MatchString(s.sql) && (u.not == nil || !u.not.MatchString(s.sql)) && !ofMade(s.sql, made) {
				report(u.why)
			}
		}
	}
	return slices.Compact(findings)
}

// alters finds the table that a statement changes.
var alters = regexp.MustCompile(`^(?:ALTER TABLE|UPDATE|DELETE FROM) (?:IF EXISTS )?(?:ONLY )?(\S+)`)

// ofMade reports whether a statement changes a table that the same file makes.
func ofMade(sql string, made map[string]bool) bool {
	table := alters.FindStringSubmatch(sql)
	return table != nil && made[table[1]]
}

// statement is one statement of a file, in capital letters and on one line.
type statement struct {
	line         int // of its first word
	comment, sql string
}

var (
	lineComment = regexp.MustCompile(`--.*`)
	blanks      = regexp.MustCompile(`\s+`)
	quoted      = regexp.MustCompile(`'[^']*'`)
)

// statements splits a file at the semicolons that end lines. Comments before a
// statement are kept beside it, texts in quotes are left out.
func statements(text string) []statement {
	var all []statement
	var s statement
	var sql strings.Builder
	for i, line := range strings.Split(text, "\n") {
		s.comment += lineComment.FindString(line) + "\n"
		code := strings.TrimSpace(quoted.ReplaceAllString(lineComment.ReplaceAllString(line, ""), "''"))
		if code == "" {
			continue
		}
		if sql.Len() == 0 {
			s.line = i + 1
		}
		sql.WriteString(code + " ")
		if strings.HasSuffix(code, ";") {
			s.sql = strings.ToUpper(strings.TrimSpace(blanks.ReplaceAllString(sql.String(), " ")))
			all, s = append(all, s), statement{}
			sql.Reset()
		}
	}
	return all
}
