package main

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/sinktest"
	"github.com/actionplane/actionplane/services/scripts"
)

// TestMain makes the test binary what the scripts service starts, too: a worker
// is the running binary under another name. It passes over goroutines of fasthttp
// that end late or never: those that clear its pools look up every ten seconds,
// the one that formats the date runs as long as the program.
func TestMain(m *testing.M) {
	sinktest.Main()
	if len(os.Args) > 1 && os.Args[1] == scripts.WorkerCommand {
		host.Exit(host.Dispatch(context.Background(), scripts.Subcommands(), nil))
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*Client).mCleaner"),
		goleak.Cleanup(func(code int) {
			if err := removeBinaries(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
			os.Exit(code)
		}))
}
