package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// printed is what a program has printed so far.
type printed struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *printed) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(text)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// launched is the binary, started as `make run` starts it.
type launched struct {
	*program
	addr, dir   string
	out, errors printed
}

func launch(t *testing.T, env map[string]string) *launched {
	t.Helper()
	l := &launched{}
	if env["ACTIONPLANE_DATA_DIR"] == "" {
		env["ACTIONPLANE_DATA_DIR"] = dataDir(t)
	}
	if env["ACTIONPLANE_ADDR"] == "" {
		env["ACTIONPLANE_ADDR"] = "127.0.0.1:" + strconv.Itoa(freePorts(t, 1))
	}
	env["ACTIONPLANE_LOG_LEVEL"] = "WARN"
	l.dir, l.addr = env["ACTIONPLANE_DATA_DIR"], env["ACTIONPLANE_ADDR"]
	l.program = startProgram(t, filepath.Join(binaries(t), "actionplane"), nil, env, func(c *exec.Cmd) {
		c.Stdout, c.Stderr = &l.out, &l.errors
	})
	return l
}

// awaitServing waits for the last line that is printed before it serves.
func (l *launched) awaitServing(t *testing.T) {
	t.Helper()
	await(t, "it says that it serves", func() bool {
		select {
		case <-l.ended:
			t.Fatalf("it ended: %v\n%s%s", l.err, &l.out, &l.errors)
		default:
		}
		return strings.Contains(l.out.String(), "\ntoken: ")
	})
}

// refused waits for the end and checks that one line says why; the exit code is
// 1, or 2 where only another configuration helps.
func (l *launched) refused(t *testing.T, texts ...string) {
	t.Helper()
	<-l.ended
	line := l.errors.String()
	if code := l.cmd.ProcessState.ExitCode(); code < 1 || code > 2 || strings.Count(line, "\n") != 1 || !strings.HasPrefix(line, "error: ") || l.out.String() != "" {
		t.Errorf("%v, not one line:\n%s%s", l.err, line, &l.out)
	}
	for _, text := range texts {
		if !strings.Contains(line, text) {
			t.Errorf("%q is not in: %s", text, line)
		}
	}
	t.Log(line)
}

func TestRunShow(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a process of its own takes a while: not with -short")
	}
	l := launch(t, map[string]string{"DEMO": "1"})
	l.awaitServing(t)
	shown := l.out.String()
	wantShown(t, shown)
	if !strings.Contains(shown, "Actionplane serves REST, gRPC, gRPC-Web and Connect at http://"+l.addr+"\n") ||
		!strings.Contains(shown, "token: "+filepath.Join(l.dir, "admin.token")) {
		t.Errorf("it does not say where it is:\n%s", shown)
	}
	tried := 0
	for line := range strings.Lines(shown) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "curl ") {
			tried++
			try(t, line)
		}
	}
	if tried != 3 {
		t.Errorf("%d lines to try", tried)
	}
	l.signal(t, syscall.SIGTERM)
	if <-l.ended; l.err != nil {
		t.Errorf("the end was not orderly: %v", l.err)
	}
	if text := l.errors.String(); strings.Contains(text, `"level":"ERROR"`) || strings.Contains(text, "error:") {
		t.Errorf("it complained:\n%s", text)
	}
}

// wantShown checks the lines of the show, in their order.
func wantShown(t *testing.T, shown string) {
	t.Helper()
	rest := shown
	for _, want := range []string{
		"refused    DELETE /resources/v3alpha/actions/targets/", "401 Unauthorized",
		"matched    request/zitadel.session.v2.SessionService/ListSessions",
		"step 1     show: audit", "before  {", "after   {",
		"step 2     show: page size policy", `before  {"query":{"offset":"0","limit":1000`, "after   {",
		"step 3     show: restrict to creator", "before  {", `"creatorQuery"`,
		"answer     {",
		"signature  show: audit", "verifies\n",
		"signature  show: page size policy", "verifies\n",
		"published  user.human.added",
		"matched    event/user.human.added",
		"DELIVERY_STATE_SUCCEEDED",
		"attempt 1  retryable  status 503",
		"attempt 2  succeeded  status 200",
		"payload    {",
		"verifies; webhook-id ",
		"target     show: risk score", "-> http://169.254.169.254/",
		"request 1 ", `"creatorQuery"`,
		"step 1     show: risk score           failed, let through: ", "169.254.169.254/32 (link-local, cloud metadata)",
		"step 2     show: usage                failed, let through: ", "status 503",
		"request 11", `"creatorQuery"`,
		"step 2     show: usage                failed, let through: ", "left alone",
		"circuit    show: usage                CIRCUIT_STATE_OPEN after 10 failures in a row",
		"delivery   show: risk score           DELIVERY_STATE_FAILED",
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("%q is not shown, or not in its place:\n%s", want, shown)
		}
		rest = after
	}
}

// try types a line that was printed.
func try(t *testing.T, line string) {
	t.Helper()
	out, err := exec.CommandContext(within(t), "bash", "-c", line+` -sS -w '\n%{http_code}'`).CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", line, err, out)
		return
	}
	at := bytes.LastIndexByte(out, '\n')
	var answer object
	if status := string(out[at+1:]); status[0] != '2' || json.Unmarshal(out[:at], &answer) != nil {
		t.Errorf("%s: %s", line, out)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a process of its own takes a while: not with -short")
	}
	t.Run("ATakenPort", func(t *testing.T) {
		t.Parallel()
		var lc net.ListenConfig
		taken, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = taken.Close() }()
		addr := taken.Addr().String()
		launch(t, map[string]string{"ACTIONPLANE_ADDR": addr}).refused(t, "ACTIONPLANE_ADDR", addr)
	})
	t.Run("ADataDirectoryThatCannotBeWritten", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(file, "data") // not even root can make it
		launch(t, map[string]string{"ACTIONPLANE_DATA_DIR": dir}).refused(t, "ACTIONPLANE_DATA_DIR")
	})
	t.Run("ADataDirectoryInUse", func(t *testing.T) {
		t.Parallel()
		first := launch(t, map[string]string{})
		first.awaitServing(t)
		launch(t, map[string]string{"ACTIONPLANE_DATA_DIR": first.dir}).refused(t, "ACTIONPLANE_DATA_DIR", first.dir)
		first.stillServes(t)
	})
	t.Run("ADatabaseThatIsNotThere", func(t *testing.T) {
		t.Parallel()
		launch(t, map[string]string{
			"DATABASE_URL": "postgres://{service}@127.0.0.1:1/actionplane", "ACTIONPLANE_START_TIMEOUT": "200ms",
		}).refused(t, "DATABASE_URL")
	})
	t.Run("AMachineWithoutPostgres", func(t *testing.T) {
		t.Parallel()
		withoutPostgres(t)
	})
	t.Run("AVariableThatSaysNothing", func(t *testing.T) {
		t.Parallel()
		launch(t, map[string]string{"DEMO": "perhaps"}).refused(t, "DEMO")
	})
}

// withoutPostgres hides what is installed, and the network, from one process;
// only root can, and not in every container.
func withoutPostgres(t *testing.T) {
	t.Helper()
	const hide = `for dir in /usr/lib/postgresql /var/cache/actionplane; do
  if [ -d $dir ]; then mount -t tmpfs none $dir || exit 77; fi
done
PATH=/nowhere exec "$0"`
	unshare := []string{"-m", "-n", "--", "bash", "-c"}
	if out, err := exec.CommandContext(within(t), "unshare", append(unshare, hide, "/bin/true")...).CombinedOutput(); err != nil {
		t.Skipf("Postgres cannot be hidden here: %v %s", err, out)
	}
	var l launched
	env := map[string]string{"ACTIONPLANE_DATA_DIR": dataDir(t), "ACTIONPLANE_ADDR": "127.0.0.1:" + strconv.Itoa(freePorts(t, 1))}
	path, err := exec.LookPath("unshare")
	if err != nil {
		t.Fatal(err)
	}
	l.program = startProgram(t, path, append(unshare, hide, filepath.Join(binaries(t), "actionplane")), env, func(c *exec.Cmd) {
		c.Stdout, c.Stderr = &l.out, &l.errors
	})
	l.refused(t, "no PostgreSQL", "DATABASE_URL")
}

// stillServes checks that whoever came second did no harm.
func (l *launched) stillServes(t *testing.T) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, "http://"+l.addr+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := plainHTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%s %s, %v", resp.Status, text, err)
	}
}
