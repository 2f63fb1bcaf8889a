package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// catalogFile lists the error ids that the reference explains.
const catalogFile = "proto/errors.tsv"

// errorID is the form of ids on the wire, "COMMAND-gg3a6ol4om". Names of
// algorithms look alike but for small letters, header names end in a word.
var (
	errorID    = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,9}-[A-Za-z0-9]*[a-z][A-Za-z0-9]*$`)
	headerName = regexp.MustCompile(`-[A-Z][a-z]+$`)
	// Constants of such names and values are ids and reasons of other forms.
	idConstant = regexp.MustCompile(`^(Code|code|Reason|reason|ID|id)[A-Z]`)
	idWord     = regexp.MustCompile(`^[A-Z]\w+$`)
)

// errorIDs compares the error ids and reasons in the code with the catalog: a
// reader of the reference must find whatever a client can be answered.
func (r *repository) errorIDs() ([]string, error) {
	listed, err := r.catalog()
	if err != nil {
		return nil, err
	}
	var findings []string
	used := map[string]bool{}
	for _, p := range r.packages {
		if !strings.HasPrefix(p.folder, "services/") && !strings.HasPrefix(p.folder, "libs/") {
			continue
		}
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			for _, text := range stringsOf(f) {
				used[text] = true
			}
			for _, id := range idsOf(f) {
				if !listed[id] {
					findings = append(findings, fmt.Sprintf("%s/%s: error %s is not in %s", p.folder, name, id, catalogFile))
				}
			}
		}
	}
	for id := range listed {
		if !used[id] {
			findings = append(findings, fmt.Sprintf("%s: no code answers %s", catalogFile, id))
		}
	}
	return findings, nil
}

// catalog returns the ids of the catalog; none where there is no catalog.
func (r *repository) catalog() (map[string]bool, error) {
	text, err := fs.ReadFile(os.DirFS(r.root), catalogFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if id, _, ok := strings.Cut(line, "\t"); ok && !strings.HasPrefix(line, "#") {
			ids[id] = true
		}
	}
	return ids, nil
}

// idsOf returns what looks like an error id, the literal arguments of WithID
// and WithReason, and constants that are named as if they went there.
func idsOf(f *ast.File) []string {
	ids := slices.DeleteFunc(stringsOf(f), func(s string) bool { return !errorID.MatchString(s) || headerName.MatchString(s) })
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if method, ok := n.Fun.(*ast.SelectorExpr); ok && (method.Sel.Name == "WithID" || method.Sel.Name == "WithReason") {
				for _, arg := range n.Args {
					ids = append(ids, literal(arg)...)
				}
			}
		case *ast.ValueSpec:
			ids = append(ids, idConstants(n)...)
		}
		return true
	})
	slices.Sort(ids)
	return slices.Compact(ids)
}

func idConstants(spec *ast.ValueSpec) (ids []string) {
	for i, value := range spec.Values {
		if i < len(spec.Names) && idConstant.MatchString(spec.Names[i].Name) {
			ids = append(ids, slices.DeleteFunc(literal(value), func(s string) bool { return !idWord.MatchString(s) })...)
		}
	}
	return ids
}

// stringsOf returns every string literal of a file.
func stringsOf(f *ast.File) (all []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok {
			all = append(all, literal(e)...)
		}
		return true
	})
	return all
}

// literal is the one string of a string literal.
func literal(e ast.Expr) []string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return nil
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil || text == "" {
		return nil
	}
	return []string{text}
}
