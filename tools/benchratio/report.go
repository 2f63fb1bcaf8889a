package main

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// results are the values of every round, by benchmark and unit.
type results map[string]map[string][]float64

// cores is the suffix that tells GOMAXPROCS, "-2".
var cores = regexp.MustCompile(`-\d+$`)

// parse reads the lines of benchmarks: name, rounds, then value and unit by
// turns. All other lines are passed over.
func parse(text string) results {
	found := results{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := cores.ReplaceAllString(fields[0], "")
		if found[name] == nil {
			found[name] = map[string][]float64{}
		}
		for i := 2; i+1 < len(fields); i += 2 {
			if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
				found[name][fields[i+1]] = append(found[name][fields[i+1]], v)
			}
		}
	}
	return found
}

// report prints a line a comparison. A pair whose benchmarks were not run is
// an error: it would go missing unnoticed.
func report(w io.Writer, found results) error {
	var missing []string
	for _, p := range pairs {
		ours, bare := found[p.benchmark]["ns/op"], found[p.baseline]["ns/op"]
		if len(ours) == 0 || len(bare) == 0 {
			missing = append(missing, p.benchmark+" / "+p.baseline)
			continue
		}
		middle := median(bare)
		if err := line(w, p.what, median(ours)/middle, slices.Min(ours)/middle, slices.Max(ours)/middle); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		for _, unit := range slices.Sorted(maps.Keys(found[name])) {
			baseline, own := strings.CutPrefix(unit, ownRatio)
			if !own {
				continue
			}
			values := found[name][unit]
			what := strings.TrimPrefix(name, "Benchmark") + " / bare POST of " + baseline
			if err := line(w, what, median(values), slices.Min(values), slices.Max(values)); err != nil {
				return err
			}
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("no results of %s", strings.Join(missing, ", "))
	}
	return nil
}

func line(w io.Writer, what string, ratio, low, high float64) error {
	_, err := fmt.Fprintf(w, "%-56s %6.2f x time   (%.2f to %.2f)\n", what, ratio, low, high)
	return err
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
