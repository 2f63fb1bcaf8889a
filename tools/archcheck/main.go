// Command archcheck holds the repository to its architecture: who may import
// whom, which packages do no I/O, what lies where, that every error id is
// explained, and that no step of a schema breaks the version before it. It asks
// `go list` about the modules of a workspace and reads directories; it compiles
// nothing.
//
//	go run ./archcheck ..
//
// Every breach is one line on standard output, and the exit code is then 1. It
// is 2 when the repository could not be read.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"slices"
)

//go:embed pure.txt
var pureRules string

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: archcheck <root of the repository>")
		os.Exit(2)
	}
	findings, err := check(context.Background(), os.Args[1], pureRules)
	if err != nil {
		fmt.Fprintln(os.Stderr, "archcheck:", err)
		os.Exit(2)
	}
	for _, f := range findings {
		fmt.Println(f)
	}
	if len(findings) > 0 {
		os.Exit(1)
	}
}

// check returns every breach in the repository at root, sorted, each once.
func check(ctx context.Context, root, pureText string) ([]string, error) {
	rules, err := parsePurity(pureText)
	if err != nil {
		return nil, err
	}
	repo, err := load(ctx, root)
	if err != nil {
		return nil, err
	}
	findings := slices.Concat(repo.broken(), repo.walls(), repo.comments())
	impure, err := repo.impurities(rules)
	if err != nil {
		return nil, err
	}
	misplaced, err := layout(os.DirFS(repo.root))
	if err != nil {
		return nil, err
	}
	unexplained, err := repo.errorIDs()
	if err != nil {
		return nil, err
	}
	steps, err := migrations(os.DirFS(repo.root), migrationRules)
	if err != nil {
		return nil, err
	}
	findings = slices.Concat(findings, impure, misplaced, unexplained, steps)
	slices.Sort(findings)
	return slices.Compact(findings), nil
}
