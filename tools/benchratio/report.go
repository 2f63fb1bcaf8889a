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

// report prints a line a comparison, and then what was measured. A pair whose
// benchmarks were not run is an error: it would go missing unnoticed.
func report(w io.Writer, found results) error {
	var missing []string
	for _, p := range pairs {
		ours, bare := found[p.benchmark]["ns/op"], found[p.baseline]["ns/op"]
		if len(ours) == 0 || len(bare) == 0 {
			missing = append(missing, p.benchmark+" / "+p.baseline)
			continue
		}
		middle := median(bare)
		if err := line(w, p.what, "time", median(ours)/middle, slices.Min(ours)/middle, slices.Max(ours)/middle); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if err := ownLines(w, name, found[name]); err != nil {
			return err
		}
	}
	if err := absolutes(w, found); err != nil {
		return err
	}
	if len(missing) > 0 {
		return fmt.Errorf("no results of %s", strings.Join(missing, ", "))
	}
	return nil
}

// ownLines prints the ratios that a benchmark reports itself.
func ownLines(w io.Writer, name string, units map[string][]float64) error {
	for _, unit := range slices.Sorted(maps.Keys(units)) {
		for _, own := range ownRatios {
			baseline, ok := strings.CutPrefix(unit, own.prefix)
			if !ok {
				continue
			}
			values := units[unit]
			what := strings.TrimPrefix(name, "Benchmark") + " / bare POST of " + baseline
			if err := line(w, what, own.of, median(values), slices.Min(values), slices.Max(values)); err != nil {
				return err
			}
		}
	}
	return nil
}

// measures are what is printed of a benchmark beside its rate, by unit.
var measures = []struct{ unit, as string }{
	{"cpu-us/op", "CPU us each"},
	{"others-us/op", "of Postgres and receivers"},
	{"B/op", "bytes each"},
	{"allocs/op", "allocations each"},
	{"peak-MiB", "MiB at most"},
}

// absolutes prints rates, CPU time and memory. They are of this machine at this
// moment.
func absolutes(w io.Writer, found results) error {
	if _, err := fmt.Fprintln(w, "\nof this machine at this moment, and so good for nothing but a comparison within this run:"); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		each := found[name]["ns/op"]
		if len(each) == 0 {
			continue
		}
		text := fmt.Sprintf("%-40s %9.0f/s", strings.TrimPrefix(name, "Benchmark"), 1e9/median(each))
		for _, m := range measures {
			if values := found[name][m.unit]; len(values) > 0 {
				text += fmt.Sprintf("%9.0f %s", median(values), m.as)
			}
		}
		if _, err := fmt.Fprintln(w, text); err != nil {
			return err
		}
	}
	return nil
}

func line(w io.Writer, what, of string, ratio, low, high float64) error {
	_, err := fmt.Fprintf(w, "%-56s %6.2f x %s   (%.2f to %.2f)\n", what, ratio, of, low, high)
	return err
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
