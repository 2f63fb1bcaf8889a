package worker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// beParent runs a pool whose worker is stuck in a script that cannot be
// interrupted, prints the worker's process id, and waits to be killed.
func beParent() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	pool, err := New(Config{Command: []string{self}, Env: []string{workerEnv + "=1"}, Size: 1}, Deps{Log: discard()})
	if err != nil {
		return err
	}
	go func() { _ = pool.Run(context.Background()) }()
	if err := pool.Ready(context.Background()); err != nil {
		return err
	}
	fmt.Println(workers(pool)[0])
	_, err = pool.Invoke(context.Background(), request(`function run() { return {m: /^(a+)+\1$/.test("a".repeat(50) + "b")} }`))
	return err
}

func TestWorkersDieWithTheirParent(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.Command(self)
	parent.Env = []string{parentEnv + "=1"}
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	worker, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(worker) }()
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	// Readable when the process has ended.
	events := []unix.PollFd{{Fd: int32(worker), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(events, 30_000)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if n != 1 || err != nil {
			t.Fatalf("worker %d outlives its parent: %v", pid, err)
		}
		return
	}
}
