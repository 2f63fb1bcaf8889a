package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
)

func main() {
	update := flag.Bool("update", false, "write what is generated, and check nothing")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: manifests [-update] <root of the repository>")
		os.Exit(2)
	}
	findings, err := run(context.Background(), flag.Arg(0), *update)
	if err != nil {
		fmt.Fprintln(os.Stderr, "manifests:", err)
		os.Exit(2)
	}
	for _, f := range findings {
		fmt.Println(f)
	}
	if len(findings) > 0 {
		os.Exit(1)
	}
}

func run(ctx context.Context, root string, update bool) ([]string, error) {
	if update {
		return nil, writeRules(root)
	}
	return check(ctx, root)
}

// check returns every breach in the repository at root, sorted, each once.
func check(ctx context.Context, root string) ([]string, error) {
	h, err := readHouse(root)
	if err != nil {
		return nil, err
	}
	overlays, err := renderAll(root)
	if err != nil {
		return nil, err
	}
	var findings []string
	for _, o := range overlays {
		findings = append(findings, o.check(h)...)
	}
	findings = append(findings, h.checkSecrets(overlays)...)
	findings = append(findings, checkConnections(h, overlays)...)
	compose, err := os.ReadFile(h.path(composeFile))
	if err != nil {
		return nil, err
	}
	skaffold, err := os.ReadFile(h.path(skaffoldFile))
	if err != nil {
		return nil, err
	}
	findings = append(findings, checkSkaffold(h, skaffold, overlays)...)
	for _, look := range []func() ([]string, error){
		func() ([]string, error) { return checkCompose(ctx, h, compose, mostConnections(h, overlays)) },
		func() ([]string, error) { return checkNATS(h, overlays) },
		func() ([]string, error) { return checkCollector(h) },
		func() ([]string, error) { return checkRules(root) },
		func() ([]string, error) { return checkDashboards(h, overlays) },
		func() ([]string, error) { return checkAdapter(root) },
	} {
		found, err := look()
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
	}
	slices.Sort(findings)
	return slices.Compact(findings), nil
}
