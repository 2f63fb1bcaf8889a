package scripts_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/services/scripts"
)

// TestMain lets the test binary be a worker, as every binary of ours can.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == scripts.WorkerCommand {
		if err := scripts.Subcommands()[0].Run(context.Background(), nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(pgtest.Main(m))
}
