package dispatch_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/libs/pg/pgtest"
)

// TestMain overlooks goroutines of fasthttp, which the benchmarks' receiver
// uses and which never ends them.
func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
	))
}
