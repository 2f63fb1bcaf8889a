package config

// Source says where the value of a variable is from.
type Source string

// Sources of values.
const (
	Default     Source = "default"
	Environment Source = "environment"
	File        Source = "file"    // named by the variable with FileSuffix
	Invalid     Source = "invalid" // what is set cannot be read; the default stands
)

// Setting is a variable with the value that a program runs with.
type Setting struct {
	Variable
	Value  string // as it would be written in the environment; of a secret whether there is one: "set" or "not set"
	Source Source
}

// Effective returns every variable of a configuration struct with the value
// that Load would give it, in the order of Describe, and Load's error.
func Effective[T any](defaults T, lookup func(string) (string, bool)) ([]Setting, error) {
	loaded := defaults
	sources, err := load(&loaded, lookup)
	described, values := Describe(&defaults), map[string]Setting{}
	for i, f := range fields(structOf(&loaded)) {
		if _, known := values[f.name]; known {
			continue
		}
		value := format(f.value)
		if f.value.Type() == secretType {
			value = "not set"
			if format(f.value) != "" {
				value = "set"
			}
		}
		values[f.name] = Setting{Value: value, Source: sources[i]}
	}
	effective := make([]Setting, len(described))
	for i, v := range described {
		effective[i] = values[v.Name]
		effective[i].Variable = v
	}
	return effective, err
}
