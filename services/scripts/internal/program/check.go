package program

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dop251/goja/ast"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// dynamic finds ways to define a global that reading declarations does not
// see; where there is one we do not know and do not warn.
var dynamic = regexp.MustCompile(`\b(globalThis|eval|Function|module\.exports)\b|\bthis\s*[.[]`)

// Check returns what looks wrong with the script of an action, so that its
// author may be told when it is saved; nothing of it is run. An empty list is
// no promise. It compiles, so it belongs in a worker.
func Check(name, source string) []invocation.Warning {
	p, err := Compile(DefaultName, source)
	var syntax *SyntaxError
	switch {
	case errors.As(err, &syntax):
		return []invocation.Warning{{Severe: true, Message: syntax.Error(), Line: syntax.Line, Column: syntax.Column}}
	case err != nil:
		return []invocation.Warning{{Severe: true, Message: err.Error()}}
	}
	var warnings []invocation.Warning
	if w, ok := checkName(p.tree, name, source, p.Translated()); ok {
		warnings = append(warnings, w)
	}
	return append(warnings, checkModules(source)...)
}

// checkName looks for the function.
func checkName(tree *ast.Program, name, source string, translated bool) (invocation.Warning, bool) {
	found := declarations(tree)
	kind, ok := found[name]
	at := invocation.Warning{Severe: true}
	switch {
	case ok && kind == "class":
		at.Message = fmt.Sprintf("%q is a class, which cannot be called", name)
	case ok && kind == "generator":
		at.Message = fmt.Sprintf("%q is a generator: calling it runs nothing of it", name)
		at.Severe = false
	case ok, dynamic.MatchString(source), assigned(source, name), translated && strings.Contains(source, "default"):
		return at, false
	default:
		at.Message = fmt.Sprintf("function not found: the script defines no %q%s", name, others(found))
	}
	return at, true
}

func others(found map[string]string) string {
	var names []string
	for name, kind := range found {
		if kind == "function" && !strings.HasPrefix(name, "__") {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return ", but " + strings.Join(names[:min(len(names), 5)], ", ")
}

// assigned reports whether the source may assign to an undeclared name.
func assigned(source, name string) bool {
	return regexp.MustCompile(`(^|[^\w$.])` + regexp.QuoteMeta(name) + `\s*=[^=]`).MatchString(source)
}

// declarations returns the names that the top level declares, and as what.
func declarations(tree *ast.Program) map[string]string {
	found := make(map[string]string)
	for _, statement := range tree.Body {
		switch s := statement.(type) {
		case *ast.FunctionDeclaration:
			found[s.Function.Name.Name.String()] = functionKind(s.Function)
		case *ast.ClassDeclaration:
			found[s.Class.Name.Name.String()] = "class"
		case *ast.LexicalDeclaration:
			declare(found, s.List)
		}
	}
	// var anywhere outside of functions; what is a function stays one.
	for _, d := range tree.DeclarationList {
		vars := make(map[string]string)
		declare(vars, d.List)
		for name, kind := range vars {
			if _, ok := found[name]; !ok {
				found[name] = kind
			}
		}
	}
	return found
}

func functionKind(f *ast.FunctionLiteral) string {
	if f.Generator {
		return "generator"
	}
	return "function"
}

func declare(found map[string]string, list []*ast.Binding) {
	for _, b := range list {
		id, ok := b.Target.(*ast.Identifier)
		if !ok {
			continue // destructured; the name is looked for as an assignment
		}
		kind := "variable"
		switch value := b.Initializer.(type) {
		case *ast.FunctionLiteral:
			kind = functionKind(value)
		case *ast.ArrowFunctionLiteral:
			kind = "function"
		case *ast.ClassLiteral:
			kind = "class"
		}
		found[id.Name.String()] = kind
	}
}

// required finds modules asked for by a literal name.
var required = regexp.MustCompile(`\brequire\s*\(\s*["']([^"'\n]{1,100})["']\s*\)|\bfrom\s*["']([^"'\n]{1,100})["']`)

// modules are those that hostapi has; a test there compares.
var modules = []string{"zitadel/log", "zitadel/http", "zitadel/uuid", "actionplane/crypto", "actionplane/jwt", "actionplane/secrets"}

func checkModules(source string) []invocation.Warning {
	var warnings []invocation.Warning
	for _, m := range required.FindAllStringSubmatchIndex(source, 20) {
		from, to := m[2], m[3]
		if from < 0 {
			from, to = m[4], m[5]
		}
		name := source[from:to]
		if slices.Contains(modules, name) {
			continue
		}
		line := 1 + strings.Count(source[:from], "\n")
		warnings = append(warnings, invocation.Warning{
			Message: fmt.Sprintf("there is no module %q", name), Line: line, Column: from - strings.LastIndexByte(source[:from], '\n'),
		})
	}
	return warnings
}
