// Command benchratio reads the output of `go test -bench -count n` and prints
// what each benchmark costs against its baseline of the same run: the ratio of
// the medians, and between which ratios the rounds lay. Absolute figures drift
// by a factor of two on a shared machine; ratios hold.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := report(os.Stdout, parse(string(text))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
