package main

import (
	"fmt"
	"strings"
)

// setting is an environment variable that an operator may set.
type setting struct {
	Name string `json:"name"`
	// Services are those that read it, comma separated.
	Services string `json:"services"`
	Default  string `json:"default,omitempty"`
	Meaning  string `json:"meaning"`
}

// parseConfiguration reads lines of name, services, default and meaning with
// tabs in between. Lines that begin with # are for readers.
func parseConfiguration(text string) ([]setting, error) {
	var all []setting
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(line, "\t")
		if len(columns) != 4 || columns[0] == "" || columns[3] == "" {
			return nil, fmt.Errorf("%q is not name, services, default and meaning with tabs in between", line)
		}
		all = append(all, setting{columns[0], columns[1], columns[2], columns[3]})
	}
	return all, nil
}
