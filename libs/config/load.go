package config

import (
	"errors"
	"reflect"

	"github.com/actionplane/actionplane/libs/fault"
)

// Load returns defaults with every field replaced whose variable lookup
// knows; os.LookupEnv is the usual lookup. A variable that is set to nothing
// counts as unset. If *T has a method Validate() error, it judges the result.
//
// The error is a fault.Invalid for every bad variable, joined with what
// Validate found; the values that could be read are returned with it. T must be
// a struct.
func Load[T any](defaults T, lookup func(string) (string, bool)) (T, error) {
	loaded := defaults
	var problems []error
	for _, f := range fields(reflect.ValueOf(&loaded).Elem()) {
		text, ok := lookup(f.name)
		if !ok || text == "" {
			continue
		}
		if err := set(f.value, text); err != nil {
			problems = append(problems, fault.Invalid("%s: %s", f.name, err))
		}
	}
	if v, ok := any(&loaded).(interface{ Validate() error }); ok {
		problems = append(problems, v.Validate())
	}
	return loaded, errors.Join(problems...)
}
