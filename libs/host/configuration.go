package host

import (
	"errors"
	"fmt"
	"slices"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/proto"
)

// Part is something that reads variables: a service, or the process itself.
type Part struct {
	name      string
	effective func(shape, lookup func(string) (string, bool)) ([]config.Setting, error)
}

// Reads describes something that reads the variables of a configuration struct.
func Reads[C any](name string, defaults C) Part {
	return Part{name: name, effective: func(shape, lookup func(string) (string, bool)) ([]config.Setting, error) {
		// What the shape leaves out may be missing still; it is looked at below.
		shaped, _ := config.Load(defaults, shape)
		return config.Effective(shaped, lookup)
	}}
}

// Made is a value that a process finds or makes itself.
type Made struct {
	Value  string
	Source config.Source // where it is from, for people
	// Pending says that it is not there yet: Value is only one of its kind.
	Pending bool
}

// Configuration is everything that a process reads from its environment.
type Configuration struct {
	// Lookup reads a variable, as os.LookupEnv does.
	Lookup func(string) (string, bool)
	// Environ are all variables, as os.Environ returns them: those that nobody
	// reads are told of.
	Environ []string
	// Defaults are values in place of the services' own.
	Defaults map[string]string
	// Made are values of what nobody has set.
	Made map[string]Made
	// Embedded says that stores which are not named are not missing.
	Embedded bool
	// Units are the services of the process.
	Units []Unit
	// Beside are others that read variables.
	Beside []Part
}

// setting is a variable of the process with those who read it.
type setting struct {
	config.Setting
	services []string
}

// effective returns every variable once, and every problem at once.
func (c Configuration) effective() ([]setting, error) {
	parts := []Part{Reads("", DefaultConfig())}
	for _, u := range c.Units {
		parts = append(parts, u.part)
	}
	var all []setting
	var problems []error
	for _, part := range slices.Concat(parts, c.Beside) {
		settings, err := part.effective(c.shape, c.lookup)
		if err != nil && part.name != "" {
			err = fmt.Errorf("%s: %w", part.name, err)
		}
		problems = append(problems, err)
		for _, s := range settings {
			all = c.add(all, s, part.name)
		}
	}
	if !c.Embedded {
		cfg, _ := config.Load(DefaultConfig(), c.lookup) // judged above
		problems = append(problems, cfg.missing(Settings{}, c.Units))
	}
	return all, errors.Join(problems...)
}

// add adds a variable to those of other parts.
func (c Configuration) add(all []setting, s config.Setting, part string) []setting {
	if made, ok := c.made(s.Name); ok {
		s.Source = made.Source
		if made.Pending {
			s.Value = ""
		}
	}
	at := slices.IndexFunc(all, func(o setting) bool { return o.Name == s.Name })
	if at < 0 {
		all, at = append(all, setting{Setting: s}), len(all)
	}
	if part == "" {
		part = "every service"
	}
	all[at].services = append(all[at].services, part)
	return all
}

// lookup reads a variable, or what is made where there is none.
func (c Configuration) lookup(name string) (string, bool) {
	if made, ok := c.made(name); ok {
		return made.Value, true
	}
	return c.Lookup(name)
}

func (c Configuration) made(name string) (Made, bool) {
	for _, set := range []string{name, name + config.FileSuffix} {
		if text, _ := c.Lookup(set); text != "" {
			return Made{}, false
		}
	}
	made, ok := c.Made[name]
	return made, ok
}

func (c Configuration) shape(name string) (string, bool) { v, ok := c.Defaults[name]; return v, ok }

// Check returns every problem at once; nil: a process can start with it.
func (c Configuration) Check() error {
	_, err := c.effective()
	return Misconfigured(err)
}

// misspelt returns what is set and read by nobody.
func (c Configuration) misspelt(settings []setting) []unknown {
	own := make([]config.Setting, len(settings))
	for i, s := range settings {
		own[i] = s.Setting
	}
	return misspelt(c.Environ, own, proto.Variables())
}
