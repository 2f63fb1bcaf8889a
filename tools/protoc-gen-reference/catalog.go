package main

import (
	"fmt"
	"strings"
)

// errorID is a stable id or code of an error, as clients see it.
type errorID struct {
	ID string `json:"id"`
	// Code is the name of the gRPC code.
	Code    string `json:"code"`
	Meaning string `json:"meaning"`
}

// parseCatalog reads lines of id, code and meaning with tabs in between. Empty
// lines and lines that begin with # are for readers.
func parseCatalog(text string) ([]errorID, error) {
	var all []errorID
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(line, "\t")
		if len(columns) != 3 || columns[2] == "" {
			return nil, fmt.Errorf("%q is not id, code and meaning with tabs in between", line)
		}
		if seen[columns[0]] {
			return nil, fmt.Errorf("%s is listed twice", columns[0])
		}
		seen[columns[0]] = true
		all = append(all, errorID{columns[0], columns[1], columns[2]})
	}
	return all, nil
}
