package gateway_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain passes over two goroutines of fasthttp that end late or never: the
// one that clears its pool looks up every ten seconds, the one that formats the
// date runs as long as the program.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}
