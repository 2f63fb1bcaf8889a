package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// repository is a workspace as `go list` sees it.
type repository struct {
	root     string
	packages []goPackage
	dirs     map[string]string // import path of a workspace package -> its folder
}

// goPackage is the part of `go list -json` that the rules look at.
type goPackage struct {
	ImportPath, Dir, Name, Doc         string
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
	Error                              *struct{ Err string }

	folder string // relative to the root, with slashes
}

// load lists the packages of every module that the root's go.work uses.
func load(ctx context.Context, root string) (*repository, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	if root, err = filepath.EvalSymlinks(root); err != nil { // go list answers with real paths
		return nil, err
	}
	out, err := goList(ctx, root)
	if err != nil {
		return nil, err
	}
	r := &repository{root: root, dirs: map[string]string{}}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return r, nil
		} else if err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		folder, err := filepath.Rel(root, p.Dir)
		if err != nil {
			return nil, err
		}
		p.folder = filepath.ToSlash(folder)
		r.packages = append(r.packages, p)
		r.dirs[p.ImportPath] = p.folder
	}
}

// goList lists the workspace at root, whatever GOWORK and GOFLAGS the caller
// runs under.
func goList(ctx context.Context, root string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-e",
		"-json=ImportPath,Dir,Name,Doc,GoFiles,Imports,TestImports,XTestImports,Error", "work")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOWORK="+filepath.Join(root, "go.work"), "GOFLAGS=")
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil, fmt.Errorf("go list: %s", bytes.TrimSpace(exit.Stderr))
	}
	return out, err
}

// broken reports packages that go list could not read.
func (r *repository) broken() []string {
	var findings []string
	for _, p := range r.packages {
		if p.Error != nil {
			findings = append(findings, fmt.Sprintf("%s: %s", p.folder, strings.Join(strings.Fields(p.Error.Err), " ")))
		}
	}
	return findings
}

// comments reports hand-written packages that do not say what they are.
func (r *repository) comments() []string {
	var findings []string
	for _, p := range r.packages {
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command "
		}
		if len(p.GoFiles) > 0 && !strings.HasPrefix(p.folder, "proto/gen/") && !strings.HasPrefix(p.Doc, want) {
			findings = append(findings, fmt.Sprintf("%s: no package comment that starts %q", p.folder, want))
		}
	}
	return findings
}

// imported returns the folders of the workspace packages that p and its tests
// import.
func (r *repository) imported(p goPackage) []string {
	var folders []string
	for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
		if folder, ok := r.dirs[path]; ok {
			folders = append(folders, folder)
		}
	}
	return folders
}
