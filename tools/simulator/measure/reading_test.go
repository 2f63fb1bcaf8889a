package main

import (
	"os"
	"testing"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	const line = "17 (a (b) c) S 3 17 17 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 1 0 55\n"
	pid, parent, ticks, ok := parseStat(line)
	if !ok || pid != 17 || parent != 3 || ticks != 127 {
		t.Errorf("got %d, %d, %d, %v", pid, parent, ticks, ok)
	}
	for _, bad := range []string{"", "17 a S 3", "17 (a) S 3", "x (a) S 3 17 17 0 -1 1 1 2 3 4 1 1 1 1 20", "17 )a( S"} {
		if _, _, _, ok := parseStat(bad); ok {
			t.Errorf("took %q", bad)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add("17 (a (b) c) S 3 17 17 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 1 0 55\n")
	f.Fuzz(func(_ *testing.T, line string) { parseStat(line) })
}

func TestProcesses(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc here")
	}
	all, err := processes()
	if err != nil {
		t.Fatal(err)
	}
	if all[os.Getpid()] == nil || all.peakMemory(os.Getpid()) < 1<<20 {
		t.Error("we are not among them")
	}
}
