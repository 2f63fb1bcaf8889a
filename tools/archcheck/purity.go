package main

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// purity says which packages do no I/O and what they may use.
type purity struct {
	pure  map[string]bool // folders
	may   map[string]bool // imports: folders, or standard packages
	never map[string]bool // import.Name
}

// parsePurity reads the form that pure.txt explains.
func parsePurity(text string) (purity, error) {
	rules := purity{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	sets := map[string]map[string]bool{"pure": rules.pure, "may": rules.may, "never": rules.never}
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 2 || sets[fields[0]] == nil {
			return rules, fmt.Errorf("pure.txt:%d: %q is no rule", n, lines.Text())
		}
		sets[fields[0]][fields[1]] = true
	}
	return rules, lines.Err()
}

// impurities reports what pure packages use that does I/O, and rules for
// packages that are gone.
func (r *repository) impurities(rules purity) ([]string, error) {
	var findings []string
	missing := map[string]bool{}
	for folder := range rules.pure {
		missing[folder] = true
	}
	for _, p := range r.packages {
		if !rules.pure[p.folder] {
			continue
		}
		delete(missing, p.folder)
		for _, name := range p.GoFiles {
			found, err := r.impure(rules, p, name)
			if err != nil {
				return nil, err
			}
			findings = append(findings, found...)
		}
	}
	for folder := range missing {
		findings = append(findings, folder+": is listed as pure and is not there")
	}
	return findings, nil
}

// impure reports what one file of a pure package uses. It goes by names, as a
// reader does: a local variable named like an import is taken for the import.
func (r *repository) impure(rules purity, p goPackage, name string) ([]string, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p.folder, err)
	}
	var findings []string
	report := func(at token.Pos, format string, args ...any) {
		findings = append(findings, fmt.Sprintf("%s:%d: %s", path.Join(p.folder, name), files.Position(at).Line, fmt.Sprintf(format, args...)))
	}
	imports := map[string]string{} // name in this file -> import
	for _, spec := range file.Imports {
		local, used := r.imports(spec)
		imports[local] = used
		if local == "." || !rules.may[used] && !rules.pure[used] {
			report(spec.Pos(), "a pure package imports %s", used)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && rules.never[imports[x.Name]+"."+s.Sel.Name] {
				report(s.Pos(), "a pure package uses %s.%s", imports[x.Name], s.Sel.Name)
			}
		}
		return true
	})
	return findings, nil
}

// imports returns the name under which a file knows an import, and the import
// as the rules name it.
func (r *repository) imports(spec *ast.ImportSpec) (local, used string) {
	used, _ = strconv.Unquote(spec.Path.Value) // the parser has accepted it
	local = path.Base(used)
	if spec.Name != nil {
		local = spec.Name.Name
	}
	if folder, ok := r.dirs[used]; ok {
		used = folder
	}
	return local, used
}
