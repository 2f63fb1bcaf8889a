package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// errorID is a stable id or code of an error, as clients see it.
type errorID struct {
	ID string `json:"id"`
	// Code is the name of the gRPC code; "any": that varies.
	Code string `json:"code"`
	// Status is the HTTP status; 0: it varies.
	Status  int    `json:"status,omitempty"`
	Meaning string `json:"meaning"`
	// Group is the heading that the error stands under.
	Group string `json:"group,omitempty"`
}

// statuses are the HTTP statuses of gRPC codes, as libs/fault has them.
var statuses = map[string]int{
	"any":                 0,
	"INVALID_ARGUMENT":    http.StatusBadRequest,
	"DEADLINE_EXCEEDED":   http.StatusGatewayTimeout,
	"NOT_FOUND":           http.StatusNotFound,
	"ALREADY_EXISTS":      http.StatusConflict,
	"PERMISSION_DENIED":   http.StatusForbidden,
	"RESOURCE_EXHAUSTED":  http.StatusTooManyRequests,
	"FAILED_PRECONDITION": http.StatusBadRequest,
	"ABORTED":             http.StatusConflict,
	"UNIMPLEMENTED":       http.StatusNotImplemented,
	"INTERNAL":            http.StatusInternalServerError,
	"UNAVAILABLE":         http.StatusServiceUnavailable,
	"UNAUTHENTICATED":     http.StatusUnauthorized,
}

// parseCatalog reads lines of id, code and meaning with tabs in between; behind
// the code may be an HTTP status that is not the code's own. A comment, #, that
// follows an empty line is the heading of what comes after it.
func parseCatalog(text string) ([]errorID, error) {
	var all []errorID
	seen := map[string]bool{}
	group, before := "", "#"
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		heading, comment := strings.CutPrefix(line, "#")
		switch {
		case comment && before == "":
			group = strings.TrimSpace(heading)
		case !comment && line != "":
			e, err := parseError(line)
			if err != nil {
				return nil, err
			}
			if seen[e.ID] {
				return nil, fmt.Errorf("%s is listed twice", e.ID)
			}
			seen[e.ID] = true
			e.Group = group
			all = append(all, e)
		}
		before = line
	}
	return all, nil
}

func parseError(line string) (e errorID, err error) {
	columns := strings.Split(line, "\t")
	if len(columns) != 3 || columns[0] == "" || columns[2] == "" {
		return e, fmt.Errorf("%q is not id, code and meaning with tabs in between", line)
	}
	code, override, found := strings.Cut(columns[1], " ")
	status, known := statuses[code]
	if !known {
		return e, fmt.Errorf("%s: %q is no gRPC code", columns[0], code)
	}
	if found {
		if status, err = strconv.Atoi(override); err != nil {
			return e, fmt.Errorf("%s: %q is no HTTP status", columns[0], override)
		}
	}
	return errorID{ID: columns[0], Code: code, Status: status, Meaning: columns[2]}, nil
}
