package worker

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// These make the test binary a worker, or a parent of one.
const (
	workerEnv = "ACTIONPLANE_TEST_WORKER"
	parentEnv = "ACTIONPLANE_TEST_PARENT"
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(workerEnv) != "":
		end(Serve(context.Background(), os.Stdin, os.Stdout))
	case os.Getenv(parentEnv) != "":
		end(beParent())
	}
	goleak.VerifyTestMain(m)
}

func end(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
