package host_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/libs/bus/busserver"
	"github.com/actionplane/actionplane/libs/host"
)

// asProcess makes the test binary a process of ours.
const asProcess = "HOST_TEST_AS_PROCESS"

func TestMain(m *testing.M) {
	if os.Getenv(asProcess) != "" {
		process()
	}
	goleak.VerifyTestMain(m)
}

// process says that it runs, and does until it is told to stop.
func process() {
	say := host.Subcommand{Name: "say", Run: func(context.Context, []string) error { fmt.Println("said"); return nil }}
	fail := host.Subcommand{Name: "fail", Run: func(context.Context, []string) error { return errors.New("failed") }}
	host.Main("test", []host.Subcommand{say, fail}, unit("one", func(ctx context.Context) error {
		fmt.Println("running")
		return untilStopped(ctx)
	}))
}

// command returns the test binary as a process; env holds lines NAME=value.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	c.Env = append([]string{asProcess + "=1", "ACTIONPLANE_LOG_LEVEL=ERROR"}, env...)
	return c
}

func TestMainExits(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		env  []string
		args []string
		code int
		text string
	}{
		"WithASubcommand":        {nil, []string{"say"}, 0, "said\n"},
		"WithOneThatFails":       {nil, []string{"fail"}, 1, "error: failed\n"},
		"WithOneThatIsNotThere":  {nil, []string{"sing"}, 2, "error: unknown command \"sing\"\n"},
		"WithABadConfiguration":  {[]string{"UNIT_SIZE=-1", "ACTIONPLANE_STREAM_REPLICAS=9"}, nil, 2, "error: ACTIONPLANE_STREAM_REPLICAS must be 1 to 5\none: UNIT_SIZE is negative\nNATS_URL is not set\n"},
		"WithoutABusToConnectTo": {[]string{"NATS_URL=nats://127.0.0.1:1", "ACTIONPLANE_START_TIMEOUT=10ms"}, nil, 1, "error: one: NATS_URL: no server answers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := command(t, tc.env, tc.args...)
			out, err := c.CombinedOutput()
			if c.ProcessState.ExitCode() != tc.code || !strings.HasPrefix(string(out), tc.text) {
				t.Errorf("got %d %s, %v", c.ProcessState.ExitCode(), out, err)
			}
		})
	}
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run("InOrderOn"+signal.String(), func(t *testing.T) {
			t.Parallel()
			addr := freeAddr(t)
			s, err := busserver.Start(busserver.Config{DataDir: t.TempDir(), Addr: addr, Token: "secret"})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Stop()
			c := command(t, []string{"NATS_URL=nats://secret@" + addr})
			c.Stderr = os.Stderr
			out, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "running\n" {
				t.Errorf("got %q, %v", line, err)
			}
			if err := c.Process.Signal(signal); err != nil {
				t.Error(err)
			}
			if err := c.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}
