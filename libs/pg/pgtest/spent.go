package pgtest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Spent returns the CPU time that the Postgres of this test process has
// used, and whatever else it has started: that of all processes below ours. It is
// 0 where there is no /proc, or where the tests were given a server of somebody
// else's.
func Spent() time.Duration {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	parents := make(map[int]int, len(stats))
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ") // its name may have spaces
		if fields := strings.Fields(rest); len(fields) > 1 {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			parents[pid], _ = strconv.Atoi(fields[1])
		}
	}
	var all time.Duration
	for pid := range parents {
		if below(parents, pid, os.Getpid()) {
			all += ran(pid)
		}
	}
	return all
}

func below(parents map[int]int, pid, root int) bool {
	for ; pid > 1; pid = parents[pid] {
		if parents[pid] == root {
			return true
		}
	}
	return false
}

// ran returns for how long a process has run, to the nanosecond, in which
// /proc/<pid>/stat counts only hundredths of a second.
func ran(pid int) (all time.Duration) {
	threads, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/[0-9]*/schedstat")
	for _, path := range threads {
		text, err := os.ReadFile(path)
		fields := strings.Fields(string(text))
		if err != nil || len(fields) == 0 {
			continue // it has ended
		}
		n, _ := strconv.ParseInt(fields[0], 10, 64)
		all += time.Duration(n)
	}
	return all
}
