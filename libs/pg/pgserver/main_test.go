package pgserver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
)

// envOwner makes the test binary a process that starts a server on the named
// data directory ("" for a throw-away one), prints "ready <socket>", and waits
// to be killed.
const envOwner = "PGSERVER_TEST_OWNER"

func TestMain(m *testing.M) {
	if dir, ok := os.LookupEnv(envOwner); ok {
		ownUntilKilled(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// ownUntilKilled is the child's main.
func ownUntilKilled(dir string) {
	s, err := Start(context.Background(), Config{DataDir: dir, Ephemeral: dir == "", Log: quiet()})
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	fmt.Println("ready", s.home.socket)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// owner starts such a process and waits until its server is ready. The
// returned function kills it with SIGKILL and reaps it.
func owner(t *testing.T, dir string) (kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envOwner+"="+dir)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready") {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Fatalf("owner said %q, %v", line, err)
	}
	return func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed: always an error
		_ = stdin.Close()
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// dataDir returns a data directory that the server's user can reach; below
// t.TempDir the way may be closed to it.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "pgserver-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// mustStart starts a server that is stopped when the test ends.
func mustStart(t *testing.T, cfg Config) *Server {
	t.Helper()
	cfg.Log = quiet()
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustStop(t, s) })
	return s
}

func mustStop(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// query runs one statement and returns its only value as text.
func query(t *testing.T, url, sql string) (string, error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var value *string
	err = conn.QueryRow(t.Context(), sql).Scan(&value)
	if err != nil || value == nil {
		return "", err
	}
	return *value, nil
}

// exec runs statements without a result.
func execSQL(t *testing.T, url string, statements ...string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			return err
		}
	}
	return nil
}

// wantOneLine checks an error for words and for being one line.
func wantOneLine(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %q", err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}
