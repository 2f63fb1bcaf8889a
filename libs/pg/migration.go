package pg

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/actionplane/actionplane/libs/fault"
)

// migrationFile is the name of a migration: NNNN_name.up.sql or .down.sql.
var migrationFile = regexp.MustCompile(`^([0-9]{4})_([a-z0-9_]+)\.(up|down)\.sql$`)

// migration is one numbered step of a schema.
type migration struct {
	version int
	name    string // "0001_init"
	up      string
	down    string // empty where there is no down file
	sha256  string // of up, hex
}

// readMigrations returns the migrations found anywhere in fsys, by version.
// Anything named *.sql that is not a migration is an error: a misspelled file
// would otherwise never be applied and nobody would know.
func readMigrations(fsys fs.FS) ([]migration, error) {
	found := map[int]*migration{}
	err := fs.WalkDir(fsys, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".sql") {
			return err
		}
		return readMigration(fsys, file, found)
	})
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return sorted(found)
}

// readMigration adds one file to found.
func readMigration(fsys fs.FS, file string, found map[int]*migration) error {
	parts := migrationFile.FindStringSubmatch(path.Base(file))
	if parts == nil {
		return fault.Invalid("%s is not named NNNN_name.up.sql or NNNN_name.down.sql", file)
	}
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return err
	}
	version, err := strconv.Atoi(parts[1])
	if err != nil {
		return err
	}
	name := parts[1] + "_" + parts[2]
	m := found[version]
	if m == nil {
		m = &migration{version: version, name: name}
		found[version] = m
	}
	if m.name != name {
		return fault.Invalid("migrations %s and %s have the same number", m.name, name)
	}
	if parts[3] == "down" {
		m.down = string(text)
		return nil
	}
	sum := sha256.Sum256(text)
	m.up, m.sha256 = string(text), hex.EncodeToString(sum[:])
	return nil
}

// sorted returns the migrations by version; each must have an up file.
func sorted(found map[int]*migration) ([]migration, error) {
	var list []migration
	for _, m := range found {
		if m.sha256 == "" {
			return nil, fault.Invalid("migration %s has a down file and no up file", m.name)
		}
		list = append(list, *m)
	}
	slices.SortFunc(list, func(a, b migration) int { return a.version - b.version })
	return list, nil
}

// applied is a row of schema_migrations.
type applied struct {
	version int
	name    string
	sha256  string
}

// pending returns what of known is still to be applied, in order. A database
// that is ahead of this build is fine: during a rollout the old replica meets
// the new schema. A history that differs is not.
func pending(known []migration, done []applied) ([]migration, error) {
	rows := map[int]applied{}
	newest := 0
	for _, a := range done {
		rows[a.version] = a
		newest = max(newest, a.version)
	}
	var todo []migration
	for _, m := range known {
		a, ok := rows[m.version]
		switch {
		case !ok && m.version < newest:
			return nil, fault.FailedPrecondition("migration %s is older than version %04d, which is applied: give it the next number", m.name, newest)
		case !ok:
			todo = append(todo, m)
		case a.name != m.name:
			return nil, fault.FailedPrecondition("migration %04d is applied as %s and is now called %s", m.version, a.name, m.name)
		case a.sha256 != m.sha256:
			return nil, fault.FailedPrecondition("migration %s was edited after it was applied: restore it and add a new one", m.name)
		}
	}
	return todo, nil
}
