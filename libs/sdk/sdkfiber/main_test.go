package sdkfiber_test

import (
	"testing"

	"go.uber.org/goleak"
)

// fasthttp keeps one goroutine for the Date header as long as the process
// lives.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}
