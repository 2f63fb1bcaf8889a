package host

import (
	"math"
	"runtime/debug"
	"testing"
)

// It changes the whole process, so it does not run beside others.
func TestCollect(t *testing.T) { //nolint:paralleltest // see above
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64)
	defer func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}()
	for name, tt := range map[string]struct {
		set     map[string]string
		percent int
		limit   int64
	}{
		"SetsOurDefaults":           {nil, 400, 1 << 30},
		"LeavesTheRuntimesOwnAlone": {map[string]string{"GOGC": "100", "GOMEMLIMIT": "off"}, 100, math.MaxInt64},
		"SetsTheLimitAlone":         {map[string]string{"GOGC": "100"}, 100, 1 << 30},
		"SetsThePercentageAlone":    {map[string]string{"GOMEMLIMIT": "off"}, 400, math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // see above
			debug.SetGCPercent(100)
			debug.SetMemoryLimit(math.MaxInt64)
			DefaultConfig().collect(func(name string) (string, bool) { v, ok := tt.set[name]; return v, ok })
			if got := debug.SetGCPercent(100); got != tt.percent {
				t.Errorf("percent %d, want %d", got, tt.percent)
			}
			if got := debug.SetMemoryLimit(-1); got != tt.limit {
				t.Errorf("limit %d, want %d", got, tt.limit)
			}
		})
	}
}
