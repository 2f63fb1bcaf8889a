// Package program compiles scripts, once each: compiling 60 lines costs more
// than ten calls. A compiled program belongs to no VM and may run in many.
package program

import (
	"errors"
	"fmt"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
)

// MaxSource is the longest script that is compiled, in bytes. The API accepts
// 40,000.
const MaxSource = 1 << 20

// DefaultName is the name of a script without one. goja shows it as "<eval>" in
// stack traces and as "(anonymous)" in syntax errors, as the original platform
// does.
const DefaultName = ""

// Program is a compiled script.
type Program struct {
	compiled   *goja.Program
	tree       *ast.Program // only Check looks at it
	translated bool
}

// Compiled returns the form that a VM runs.
func (p *Program) Compiled() *goja.Program { return p.compiled }

// Translated reports whether the script was an ES module or TypeScript. It has
// then a global module with its exports, and positions as TranslatedName says.
func (p *Program) Translated() bool { return p.translated }

// SyntaxError is a script that does not compile.
type SyntaxError struct {
	Message      string // what is wrong, without the position
	Line, Column int    // from 1; zero where not known
	text         string
}

// Error returns the text that the original platform shows, which names the
// error twice: "SyntaxError: SyntaxError: (anonymous): Line 1:26 Unexpected
// end of input".
func (e *SyntaxError) Error() string { return e.text }

// ParserOptions are how every script has to be parsed, those that reach eval
// included: goja's default follows a sourceMappingURL comment to files on disk.
func ParserOptions() []parser.Option { return []parser.Option{parser.WithDisableSourceMaps} }

// Compile compiles a script that runs in sloppy mode, as on the original
// platform, or an ES module or TypeScript (module.go). The error is a
// *SyntaxError.
func Compile(name, source string) (*Program, error) {
	if len(source) > MaxSource {
		return nil, &SyntaxError{Message: "too long", text: fmt.Sprintf("SyntaxError: script is longer than %d bytes", MaxSource)}
	}
	p, plain := compile(name, source)
	if plain == nil {
		return p, nil
	}
	if !isModern(source) {
		return nil, plain
	}
	p, err := compileTranslated(source)
	if err != nil {
		return nil, better(plain, err)
	}
	return p, nil
}

// compile compiles a script as it is.
func compile(name, source string) (*Program, *SyntaxError) {
	// goja.Parse would drop the position.
	tree, err := parser.ParseFile(nil, name, source, 0, ParserOptions()...)
	if err != nil {
		return nil, parseError(err)
	}
	compiled, err := goja.CompileAST(tree, false)
	if err != nil {
		return nil, compileError(err)
	}
	return &Program{compiled: compiled, tree: tree}, nil
}

func compileTranslated(source string) (*Program, error) {
	tree, err := translate(source)
	if err != nil {
		return nil, err
	}
	compiled, err := goja.CompileAST(tree, false)
	if err != nil {
		return nil, err
	}
	return &Program{compiled: compiled, tree: tree, translated: true}, nil
}

// parseError takes the first of the parser's complaints for the position and
// all of them for the text.
func parseError(err error) *SyntaxError {
	e := &SyntaxError{Message: err.Error(), text: "SyntaxError: SyntaxError: " + err.Error()}
	var list parser.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		first := list[0]
		e.Message, e.Line, e.Column = first.Message, first.Position.Line, first.Position.Column
	}
	return e
}

func compileError(err error) *SyntaxError {
	e := &SyntaxError{Message: err.Error(), text: "SyntaxError: " + err.Error()}
	var syntax *goja.CompilerSyntaxError
	if errors.As(err, &syntax) && syntax.File != nil {
		at := syntax.File.Position(syntax.Offset)
		e.Message, e.Line, e.Column = syntax.Message, at.Line, at.Column
	}
	return e
}
