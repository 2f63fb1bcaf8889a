// Package proto holds, beside the contracts, the list of all variables that
// Actionplane reads, of whichever service: configuration.tsv.
package proto

import (
	_ "embed"
	"strings"
)

//go:embed configuration.tsv
var configuration string

// Variables returns the names of all variables that an operator may set, in the
// order of the list.
func Variables() []string {
	var names []string
	for line := range strings.Lines(configuration) {
		if name, _, found := strings.Cut(line, "\t"); found && !strings.HasPrefix(line, "#") {
			names = append(names, name)
		}
	}
	return names
}
