package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/actionplane/actionplane/libs/fault"
)

// FileSuffix ends the name of a variable that names a file with a secret, e.g.
// DATABASE_URL_FILE: what orchestrators mount need not pass through the
// environment, which child processes and crash reports show.
const FileSuffix = "_FILE"

// maxFile bounds such a file, in bytes.
const maxFile = 64 << 10

// Load returns defaults with every field replaced whose variable lookup
// knows; os.LookupEnv is the usual lookup. A variable that is set to nothing
// counts as unset. A Secret may stand in a file, which the variable with
// FileSuffix names; line breaks at the file's end do not belong to it. If *T has
// a method Validate() error, it judges the result.
//
// The error is a fault.Invalid for every bad variable, joined with what
// Validate found; the values that could be read are returned with it. T must be
// a struct.
func Load[T any](defaults T, lookup func(string) (string, bool)) (T, error) {
	loaded := defaults
	_, err := load(&loaded, lookup)
	return loaded, err
}

// load fills *loaded and returns where each field's value is from.
func load[T any](loaded *T, lookup func(string) (string, bool)) ([]Source, error) {
	var sources []Source
	var problems []error
	for _, f := range fields(reflect.ValueOf(loaded).Elem()) {
		source, err := f.load(lookup)
		sources, problems = append(sources, source), append(problems, err)
	}
	if v, ok := any(loaded).(interface{ Validate() error }); ok {
		problems = append(problems, v.Validate())
	}
	return sources, errors.Join(problems...)
}

// load sets the field, where somebody has set its variable.
func (f field) load(lookup func(string) (string, bool)) (Source, error) {
	text, source, err := f.text(lookup)
	if err != nil {
		return Invalid, fault.Invalid("%s", err)
	}
	if source == Default {
		return Default, nil
	}
	if err := set(f.value, text); err != nil {
		return Invalid, fault.Invalid("%s: %s", f.name, err)
	}
	return source, nil
}

// text returns what the variable is set to, in the environment or in a file.
func (f field) text(lookup func(string) (string, bool)) (string, Source, error) {
	text, _ := lookup(f.name)
	file := ""
	if f.value.Type() == secretType {
		file, _ = lookup(f.name + FileSuffix)
	}
	switch {
	case text != "" && file != "":
		return "", Invalid, fmt.Errorf("%s and %s%s are both set", f.name, f.name, FileSuffix)
	case text != "":
		return text, Environment, nil
	case file == "":
		return "", Default, nil
	}
	text, err := readFile(file)
	if err != nil {
		return "", Invalid, fmt.Errorf("%s%s: %w", f.name, FileSuffix, err)
	}
	return text, File, nil
}

// readFile returns a secret that stands in a file. An empty one is an error: a
// mount that is not filled yet must not read as a variable that nobody has set.
func readFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxFile {
		return "", fmt.Errorf("%s has more than %d bytes", path, maxFile)
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return secret, nil
}
