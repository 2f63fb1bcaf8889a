package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, p := range pairs {
		if p.baseline != "BenchmarkInvoke" {
			text.WriteString(p.baseline + "-2 \t 100\t 10 ns/op\n")
		}
		if p.benchmark != "BenchmarkInvoke" {
			text.WriteString(p.benchmark + "-2 \t 100\t 20 ns/op\t 3 allocs/op\n")
		}
	}
	text.WriteString("ok package 1s\nBenchmarkInvoke-2 5 30 ns/op\nBenchmarkInvoke-2 5 50 ns/op\nBenchmarkRunHook/64-2 9 500000 ns/op 1.25 x/nethttp 3.5 cpu/nethttp 77 cpu-us/op\n")

	t.Run("PrintsRatiosOfMedians", func(t *testing.T) {
		t.Parallel()
		var out strings.Builder
		if err := report(&out, parse(text.String())); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"4.00 x time   (3.00 to 5.00)", "RunHook/64 / bare POST of nethttp",
			"1.25 x time", "3.50 x CPU time", "2000/s", "77 CPU us each"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%q is missing in\n%s", want, out.String())
			}
		}
	})
	t.Run("NamesWhatWasNotRun", func(t *testing.T) {
		t.Parallel()
		err := report(&strings.Builder{}, parse("BenchmarkREST-2 1 1 ns/op"))
		if err == nil || !strings.Contains(err.Error(), "BenchmarkBareFiber") {
			t.Fatalf("got %v", err)
		}
	})
}
