package pgserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// oldest is the first version we run: what upstream still maintains.
const oldest = 14

// versionTimeout bounds asking a binary for its version.
const versionTimeout = 10 * time.Second

// places are the directories in which systems keep server binaries that are not
// on PATH: Debian, Red Hat, Alpine, a build from source, Homebrew on both kinds
// of Mac, Postgres.app.
var places = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/usr/libexec/postgresql*",
	"/usr/local/pgsql/bin",
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// versionLine is what `postgres --version` prints, e.g.
// "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
var versionLine = regexp.MustCompile(`\(PostgreSQL\) ([0-9]{1,4})`)

// binaries is a directory with initdb and postgres of one version.
type binaries struct {
	dir   string
	major int
}

// path returns the path of a program.
func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// finder finds binaries, or downloads them.
type finder struct {
	lookPath func(string) (string, error)
	places   []string // glob patterns
	download *downloader
}

// newFinder returns the finder for this machine.
func newFinder() *finder {
	return &finder{lookPath: exec.LookPath, places: places, download: newDownloader()}
}

// binaries returns what can run h's cluster: of its version where there is a
// cluster, else what PATH offers, else the newest installed, else a download.
func (f *finder) binaries(ctx context.Context, h *home) (binaries, error) {
	found := f.installed(ctx, h.account)
	for _, b := range found {
		if (h.version == 0 && b.major >= oldest) || b.major == h.version {
			return b, nil
		}
	}
	if h.version != 0 && h.version != downloadMajor {
		return binaries{}, fmt.Errorf("%s was made by PostgreSQL %d, which is not installed (found: %s): install it, or move the directory away",
			h.cluster, h.version, describe(found))
	}
	b, err := f.download.get(ctx)
	if err != nil {
		return binaries{}, fmt.Errorf("no PostgreSQL %d or newer is installed (found: %s) and it cannot be downloaded (%w): install PostgreSQL, or set DATABASE_URL",
			max(oldest, h.version), describe(found), err)
	}
	return b, nil
}

// installed returns the usable binaries of this machine, the one on PATH first
// and the others from the newest.
func (f *finder) installed(ctx context.Context, a account) []binaries {
	var onPath, others []binaries
	for _, dir := range f.pathDirs() {
		if b, err := inspect(ctx, dir, a); err == nil {
			onPath = append(onPath, b)
		}
	}
	for _, pattern := range f.places {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			continue // a bad pattern matches nothing
		}
		for _, dir := range dirs {
			if b, err := inspect(ctx, dir, a); err == nil {
				others = append(others, b)
			}
		}
	}
	slices.SortStableFunc(others, func(x, y binaries) int { return cmp.Compare(y.major, x.major) })
	return append(onPath, others...)
}

// pathDirs returns the directories behind postgres and initdb on PATH. Links
// are followed, because programs are looked for beside each other.
func (f *finder) pathDirs() []string {
	var dirs []string
	for _, program := range []string{"postgres", "initdb"} {
		path, err := f.lookPath(program)
		if err != nil {
			continue
		}
		if path, err = filepath.EvalSymlinks(path); err == nil && !slices.Contains(dirs, filepath.Dir(path)) {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	return dirs
}

// inspect returns the binaries in dir, if a can run them.
func inspect(ctx context.Context, dir string, a account) (binaries, error) {
	if barrier := a.barrier(dir); barrier != "" {
		return binaries{}, fmt.Errorf("user %s cannot enter %s", a.name, barrier)
	}
	for _, program := range []string{"postgres", "initdb"} {
		info, err := os.Stat(filepath.Join(dir, program))
		if err != nil {
			return binaries{}, err
		}
		if !info.Mode().IsRegular() || (a.lent && !a.mayExecute(info)) {
			return binaries{}, fmt.Errorf("%s/%s: %w", dir, program, fs.ErrPermission)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return binaries{}, fmt.Errorf("run %s/postgres: %w", dir, err)
	}
	major, err := parseVersion(string(out))
	return binaries{dir: dir, major: major}, err
}

// parseVersion reads the major version out of what `postgres --version` prints.
func parseVersion(line string) (int, error) {
	found := versionLine.FindStringSubmatch(line)
	if found == nil {
		return 0, errors.New("not a PostgreSQL version: " + strconv.Quote(line))
	}
	return strconv.Atoi(found[1])
}

// describe lists versions for an error message.
func describe(found []binaries) string {
	if len(found) == 0 {
		return "none"
	}
	text := ""
	for i, b := range found {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%d in %s", b.major, b.dir)
	}
	return text
}
