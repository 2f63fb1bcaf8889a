package sender

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/libs/egress"
)

// TestMain looks for goroutines left behind. The ones it overlooks belong to
// fasthttp, which the benchmark compares with and which never ends them.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*TCPDialer).tcpAddrsClean"),
	)
}

func allow(t testing.TB, list string) egress.AllowList {
	t.Helper()
	a, err := egress.ParseAllow(list)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
