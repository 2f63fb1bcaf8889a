package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// topLevel is everything at the root of the repository but dotfiles.
var topLevel = []string{
	"LICENSE", "Makefile", "README.md", "docker-compose.yml", "go.work", "go.work.sum", "skaffold.yaml",
	"deploy", "libs", "proto", "services", "tools",
}

// layout reports what lies where it should not, and what is missing.
func layout(repo fs.FS) ([]string, error) {
	top, err := fs.ReadDir(repo, ".")
	if err != nil {
		return nil, err
	}
	findings := atTop(top)
	rooms, err := fs.ReadDir(repo, "services")
	if err != nil {
		return nil, err
	}
	for _, room := range rooms {
		if name := room.Name(); room.IsDir() && name != path.Base(allinone) {
			missing, err := skeleton(repo, name)
			if err != nil {
				return nil, err
			}
			findings = append(findings, missing...)
		}
	}
	return findings, nil
}

// atTop compares the root of the repository with what belongs there.
func atTop(entries []fs.DirEntry) []string {
	var findings []string
	there := map[string]bool{}
	for _, e := range entries {
		there[e.Name()] = true
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(topLevel, e.Name()) {
			findings = append(findings, e.Name()+": does not belong at the top of the repository")
		}
	}
	for _, name := range topLevel {
		if !there[name] {
			findings = append(findings, name+": is missing at the top of the repository")
		}
	}
	return findings
}

// skeleton reports which of the files that every service has one lacks.
func skeleton(repo fs.FS, name string) ([]string, error) {
	var findings []string
	for _, file := range []string{"doc.go", "config.go", "service.go", path.Join("cmd", name, "main.go")} {
		_, err := fs.Stat(repo, path.Join("services", name, file))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			findings = append(findings, fmt.Sprintf("services/%s: has no %s", name, file))
		case err != nil:
			return nil, err
		}
	}
	return findings, nil
}
