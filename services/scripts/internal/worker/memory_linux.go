package worker

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const rlimitData = 2 // RLIMIT_DATA, missing in package syscall on some architectures

// limitData has the kernel refuse data (private writable memory, Linux 4.7 on)
// beyond what the process has now and room more.
func limitData(room int64) error {
	now, err := dataSize()
	if err != nil {
		return fmt.Errorf("read data size: %w", err)
	}
	limit := uint64(now + room)
	if err := syscall.Setrlimit(rlimitData, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		return fmt.Errorf("limit data size: %w", err)
	}
	return nil
}

// dataSize returns VmData of this process, in bytes.
func dataSize() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		value, ok := strings.CutPrefix(line, "VmData:")
		if !ok {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
		return kib << 10, err
	}
	return 0, fmt.Errorf("no VmData")
}
