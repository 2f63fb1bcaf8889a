package host

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/actionplane/actionplane/libs/config"
)

// variable is a variable as `config --json` writes it.
type variable struct {
	Name     string        `json:"name"`
	Services []string      `json:"services"`
	Type     string        `json:"type"`
	Value    string        `json:"value"`
	Source   config.Source `json:"source"`
	Default  string        `json:"default"`
	Meaning  string        `json:"meaning"`
}

// report is what `config` finds.
type report struct {
	Variables []variable `json:"variables"`
	Unknown   []unknown  `json:"unknown,omitempty"`
	Problems  []string   `json:"problems,omitempty"`
	err       error
}

// Command returns the subcommand `config`: it prints what the process would run
// with, as a table or, after --json, for programs. Of a secret it prints whether
// it is set. It ends with code 2 and every problem when the process could not
// run with it.
func (c Configuration) Command() Subcommand {
	return Subcommand{Name: "config", Run: func(_ context.Context, args []string) error {
		return c.print(args, os.Stdout, os.Stderr)
	}}
}

func (c Configuration) print(args []string, out, errOut io.Writer) error {
	flags := flag.NewFlagSet("config", flag.ContinueOnError)
	flags.SetOutput(errOut)
	asJSON := flags.Bool("json", false, "print it for programs")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return Misconfigured(err)
	}
	r := c.report()
	if *asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(r); err != nil {
			return err
		}
		return Misconfigured(r.err)
	}
	if err := r.table(out); err != nil {
		return err
	}
	for _, u := range r.Unknown {
		if _, err := fmt.Fprintln(errOut, "warning:", u); err != nil {
			return err
		}
	}
	return Misconfigured(r.err)
}

func (c Configuration) report() report {
	settings, err := c.effective()
	r := report{Variables: make([]variable, len(settings)), Unknown: c.misspelt(settings), err: err}
	for i, s := range settings {
		r.Variables[i] = variable{
			Name: s.Name, Services: s.services, Type: s.Type, Value: withoutPassword(s.Value), Source: s.Source,
			Default: s.Default, Meaning: s.Doc,
		}
	}
	if err != nil {
		r.Problems = strings.Split(err.Error(), "\n")
	}
	return r
}

// withoutPassword hides what somebody has put into an address that should hold
// none.
func withoutPassword(value string) string {
	if u, err := url.Parse(value); err == nil && u.User != nil {
		return u.Redacted()
	}
	return value
}

// table writes a line for each variable, for people.
func (r report) table(out io.Writer) error {
	text := []byte("VARIABLE\tVALUE\tSOURCE\tMEANING\n")
	for _, v := range r.Variables {
		text = fmt.Appendf(text, "%s\t%s\t%s\t%s\n", v.Name, v.Value, v.Source, v.Meaning)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if _, err := w.Write(text); err != nil {
		return err
	}
	return w.Flush()
}
