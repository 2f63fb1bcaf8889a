package pgtest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// Main runs the tests of a package, stops the cluster they used, and then
// reports goroutines that were left running, unless a test failed already.
// ignore adds to what is not a leak; what ran before the tests never is.
func Main(m *testing.M, ignore ...goleak.Option) int {
	ignore = append(ignore, goleak.IgnoreCurrent())
	code := m.Run()
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	if err := shared.stop(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest: stop postgres:", err)
		code = max(code, 1)
	}
	if code != 0 {
		return code
	}
	if err := goleak.Find(ignore...); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest: goroutines are left:", err)
		return 1
	}
	return 0
}
