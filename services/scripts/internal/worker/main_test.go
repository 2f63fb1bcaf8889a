package worker

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// workerEnv makes the test binary a worker.
const workerEnv = "ACTIONPLANE_TEST_WORKER=1"

func TestMain(m *testing.M) {
	if os.Getenv("ACTIONPLANE_TEST_WORKER") != "" {
		if err := Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
