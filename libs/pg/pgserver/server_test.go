package pgserver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestEphemeral(t *testing.T) {
	t.Parallel()
	s := mustStart(t, Config{Ephemeral: true, MaxConnections: 33})
	got, err := query(t, s.URL(Superuser, "postgres"), "SELECT current_setting('max_connections') || current_setting('fsync')")
	if err != nil || got != "33off" {
		t.Errorf("settings %s, %v", got, err)
	}
	mustStop(t, s)
	<-s.Done()
	if exists(s.home.dir) || exists(s.home.socket) {
		t.Errorf("%s was left behind", s.home.dir)
	}
	mustStop(t, s) // again is fine
}

func TestOnlyTheServersUserEntersTheSocketDirectory(t *testing.T) {
	t.Parallel()
	s := mustStart(t, Config{Ephemeral: true})
	info, err := os.Stat(s.home.socket)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if owner, err := ownerOf(s.home.socket); err != nil || owner.uid != s.home.account.uid {
		t.Errorf("owner %v, %v", owner, err)
	}
	if got, err := query(t, s.URL(Superuser, "postgres"), "SHOW listen_addresses"); err != nil || got != "" {
		t.Errorf("listens on %q, %v", got, err)
	}
}

func TestServerSeesNothingOfOurEnvironment(t *testing.T) {
	t.Setenv("ACTIONPLANE_MASTER_KEY", "hunter2")
	s := mustStart(t, Config{Ephemeral: true})
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	env, err := os.ReadFile(filepath.Join("/proc", firstLine(pidFile(s.home.cluster)), "environ"))
	if err != nil || strings.Contains(string(env), "hunter2") || len(env) == 0 {
		t.Errorf("environment %q, %v", env, err)
	}
}

func TestStateSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	first := mustStart(t, Config{DataDir: dir})
	url, err := first.EnsureRole(t.Context(), "targets")
	if err = errors.Join(err, execSQL(t, url, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (42)")); err != nil {
		t.Fatal(err)
	}
	mustStop(t, first)

	second := mustStart(t, Config{DataDir: dir})
	url, err = second.EnsureRole(t.Context(), "targets")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := query(t, url, "SELECT n::text FROM targets.kept"); err != nil || got != "42" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := query(t, url, "SHOW fsync"); err != nil || got != "on" {
		t.Errorf("fsync %q, %v", got, err)
	}
}

func TestDataDirOfALiveProcessIsRefused(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	mustStart(t, Config{DataDir: dir})
	_, err := Start(t.Context(), Config{DataDir: dir, Log: quiet()})
	wantOneLine(t, err, dir, "is in use by process ")
}

func TestDataDirOfAKilledProcessIsTakenOver(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	kill := owner(t, dir)
	kill()
	s := mustStart(t, Config{DataDir: dir}) // at once, while the orphan may still be shutting down
	if _, err := query(t, s.URL(Superuser, "postgres"), "SELECT 'alive'"); err != nil {
		t.Error(err)
	}
}

func TestStalePidFileWithAReusedNumberIsRemoved(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	mustStop(t, mustStart(t, Config{DataDir: dir}))
	// Our own number: alive, and no postgres. After a container's restart the
	// old server's number often belongs to somebody like that.
	cluster := filepath.Join(dir, clusterName)
	text := []byte(itoa(os.Getpid()) + "\n" + cluster + "\n")
	if err := os.WriteFile(pidFile(cluster), text, 0o644); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can tell")
	}
	mustStart(t, Config{DataDir: dir})
}

func TestNoServerOutlivesAKilledOwner(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere the next start ends it")
	}
	dir := dataDir(t)
	kill := owner(t, dir)
	kill()
	// The lock is inherited by every process of the server: getting it proves
	// that all are gone. The cluster's path is wrong on purpose, so that nobody
	// but the kernel asks the server to end.
	f, err := lockServer(t.Context(), dir, "/nonexistent")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// TestServerOutlivesThreads ends many threads of this process. Had the server
// been forked on one of them, the kernel would signal it. That is a matter of
// chance, so this cannot prove startProcess's lock necessary; it catches a fork
// moved to a short-lived thread.
func TestServerOutlivesThreads(t *testing.T) {
	t.Parallel()
	s := mustStart(t, Config{Ephemeral: true})
	var all sync.WaitGroup
	for range 64 {
		all.Go(runtime.LockOSThread) // a goroutine that ends while locked takes its thread along
	}
	all.Wait()
	runtime.GC()
	if _, err := query(t, s.URL(Superuser, "postgres"), "SELECT pg_sleep(0.1)::text"); err != nil {
		t.Error(err)
	}
	select {
	case <-s.Done():
		t.Error("the server ended with a thread")
	default:
	}
}

func TestUnwritableDataDir(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Config{DataDir: filepath.Join(file, "data"), Log: quiet()})
	wantOneLine(t, err, "is not writable")
	_, err = Start(t.Context(), Config{Log: quiet()})
	wantOneLine(t, err, "is not a path")
}

func TestStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := dataDir(t)
	if _, err := Start(ctx, Config{DataDir: dir, Log: quiet()}); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	mustStart(t, Config{DataDir: dir}) // nothing is held or half made
}

func TestRootPlacesAClusterItsUserCannotReachElsewhere(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root lends a user")
	}
	closed := filepath.Join(dataDir(t), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(closed, "data")
	first := mustStart(t, Config{DataDir: dir})
	moved := first.home.dir
	t.Cleanup(func() { _, _ = os.RemoveAll(moved), os.Remove(systemHome) }) // the latter only when empty
	if !strings.HasPrefix(moved, systemHome) || firstLine(filepath.Join(dir, markerName)) != moved {
		t.Errorf("placed at %s, marker says %s", moved, firstLine(filepath.Join(dir, markerName)))
	}
	mustStop(t, first)
	if second := mustStart(t, Config{DataDir: dir}); second.home.dir != moved || second.home.version == 0 {
		t.Errorf("second start at %s", second.home.dir)
	}
}

func TestMarkerToAPlaceThatIsGoneIsAnError(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	if err := os.WriteFile(filepath.Join(dir, markerName), []byte("/nonexistent/place\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Config{DataDir: dir, Log: quiet()})
	wantOneLine(t, err, "/nonexistent/place, which is gone", markerName)
}

func TestLongDataDirGetsAShortSocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(dataDir(t), strings.Repeat("long name ", 12))
	s := mustStart(t, Config{DataDir: dir})
	if _, err := query(t, s.URL(Superuser, "postgres"), "SELECT 'alive'"); err != nil {
		t.Error(err)
	}
	mustStop(t, s)
	if exists(s.home.socket) {
		t.Errorf("%s was left behind", s.home.socket)
	}
}

func TestEnsureRole(t *testing.T) {
	t.Parallel()
	s := mustStart(t, Config{Ephemeral: true})
	var all sync.WaitGroup
	urls := make([]string, 3)
	for i, service := range []string{"access", "targets", "targets"} {
		all.Go(func() {
			var err error
			if urls[i], err = s.EnsureRole(t.Context(), service); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	access, targets := urls[0], urls[1]

	t.Run("OwnsItsSchema", func(t *testing.T) {
		if err := execSQL(t, targets, "CREATE TABLE targets.mine (n int)", "INSERT INTO mine VALUES (1)"); err != nil {
			t.Error(err)
		}
	})
	for name, sql := range map[string]string{
		"CannotReadAnothersTable":  "SELECT n FROM targets.mine",
		"CannotCreateInPublic":     "CREATE TABLE public.t (n int)",
		"CannotCreateInAnothers":   "CREATE TABLE targets.t (n int)",
		"CannotCreateASchema":      "CREATE SCHEMA s",
		"CannotCreateATemporary":   "CREATE TEMPORARY TABLE t (n int)",
		"CannotBecomeSomebodyElse": "SET ROLE targets",
		"CannotReadFiles":          "SELECT pg_read_file('PG_VERSION')",
	} {
		t.Run(name, func(t *testing.T) {
			if err := execSQL(t, access, sql); err == nil {
				t.Error("allowed")
			}
		})
	}
	t.Run("CannotEnterAnotherDatabase", func(t *testing.T) {
		if err := execSQL(t, s.URL("access", "postgres")); err == nil {
			t.Error("allowed")
		}
	})
	t.Run("RefusesANameThatIsNoService", func(t *testing.T) {
		for _, name := range []string{"", "postgres", `x"y`, "Upper"} {
			if _, err := s.EnsureRole(t.Context(), name); err == nil {
				t.Errorf("%q accepted", name)
			}
		}
	})
}

func TestSweepRemovesHomesOfKilledProcessesOnly(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	home := func(name string, lock bool) string {
		dir := filepath.Join(base, tempPrefix+name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if f, err := lockOwn(dir); err != nil {
			t.Fatal(err)
		} else if lock {
			t.Cleanup(func() { _ = f.Close() })
		} else if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	dead, live := home("dead", false), home("live", true)
	info, err := os.Stat(dead)
	if err != nil {
		t.Fatal(err)
	}
	sweep(base, info.ModTime().Add(staleAge/2))
	if !exists(dead) {
		t.Error("a young home was removed")
	}
	sweep(base, info.ModTime().Add(2*staleAge))
	if exists(dead) || !exists(live) {
		t.Errorf("dead exists: %v, live exists: %v", exists(dead), exists(live))
	}
}
