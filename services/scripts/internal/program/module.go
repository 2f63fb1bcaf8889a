package program

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
	"github.com/evanw/esbuild/pkg/api"
	"github.com/go-sourcemap/sourcemap"
)

// TranslatedName is the name of a translated script in stack traces, where one
// that was taken as it is has none. Its columns count from zero there.
const TranslatedName = "script"

// moduleBanner gives a translated module what it puts its exports in.
const moduleBanner = "var module = {exports: {}};"

// translate turns a script that goja does not take into one that it does: ES
// modules become require calls and module.exports, types of TypeScript go,
// async generators and for await are spelled out. Top-level functions stay
// globals. It costs about a millisecond, once for each script.
//
// Scripts that goja takes never come here: their line and column numbers, and
// what their errors say, are exactly the original platform's.
func translate(source string) (*ast.Program, error) {
	out := api.Transform(source, api.TransformOptions{
		Loader: api.LoaderTS, Format: api.FormatCommonJS, Target: api.ESNext,
		Supported: map[string]bool{
			"async-generator": false, "for-await": false, "using": false, "decorators": false,
			"regexp-set-notation": false, "dynamic-import": false, "top-level-await": false,
		},
		Banner: moduleBanner, Sourcefile: TranslatedName, Sourcemap: api.SourceMapExternal,
		SourcesContent: api.SourcesContentExclude, LogLevel: api.LogLevelSilent, Platform: api.PlatformNeutral,
	})
	if len(out.Errors) > 0 {
		return nil, translateError(out.Errors[0])
	}
	tree, err := parser.ParseFile(nil, DefaultName, string(out.Code), 0, ParserOptions()...)
	if err != nil {
		return nil, fmt.Errorf("parse translated script: %w", err)
	}
	positions, err := sourcemap.Parse("", out.Map)
	if err != nil {
		return nil, fmt.Errorf("read source map: %w", err)
	}
	tree.File.SetSourceMap(positions)
	return tree, nil
}

func translateError(m api.Message) *SyntaxError {
	e := &SyntaxError{Message: m.Text}
	if m.Location != nil {
		e.Line, e.Column = m.Location.Line, m.Location.Column+1
	}
	e.text = fmt.Sprintf("SyntaxError: SyntaxError: (anonymous): Line %d:%d %s", e.Line, e.Column, m.Text)
	return e
}

// better returns the complaint about a script that neither takes: the one that
// got further, and of a plain script goja's.
func better(plain *SyntaxError, err error) *SyntaxError {
	var translated *SyntaxError
	if !errors.As(err, &translated) {
		return plain
	}
	if translated.Line > plain.Line || translated.Line == plain.Line && translated.Column > plain.Column+1 {
		return translated
	}
	return plain
}

// isModern reports whether translating a script that goja does not take could
// help, so that plain mistakes are not looked at twice.
func isModern(source string) bool {
	for _, sign := range []string{"import", "export", ":", "interface", "type ", " as ", "enum", "await", "async", "satisfies", "using", "@", "<", "declare", "/v"} {
		if strings.Contains(source, sign) {
			return true
		}
	}
	return false
}
