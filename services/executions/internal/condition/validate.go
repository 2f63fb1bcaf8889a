package condition

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/actionplane/actionplane/libs/fault"
)

// MaxLength is the longest name in a condition, in characters; a method's
// leading slash and a group's ".*" do not count.
const MaxLength = 1000

// Error ids of the wire.
const (
	IDNoKind        = "ACTION-5r5Ju"       // condition without a type
	IDNoIncludeKind = "ACTION-9BBob"       // the same in an include
	idMethodNone    = "COMMAND-3tkej630e6" // request, response: nothing or nonsense set
	idMethodMany    = "COMMAND-nee5q8aszq" // request, response: more than one set
	idFunction      = "COMMAND-5folwn5jws"
	idEventNone     = "COMMAND-w5smb6v7qu"
	idEventMany     = "COMMAND-hdm4zl1hmd"
)

// Validate reports what is wrong with the condition as one CodeInvalid fault
// that carries the wire's error id and names the field.
//
// Beyond the original, which takes any text, names must be well formed: an
// event "a.*" would own the id of the group "a", and a service "a/b" that of a
// method, so neither may hold a slash or a wildcard.
func (c Condition) Validate() error {
	switch c.Kind {
	case Request, Response:
		return c.validateCall()
	case Function:
		return c.validateFunction()
	case Event:
		return c.validateEvent()
	default:
		return fault.Invalid("condition is invalid: none of request, response, function and event is set").WithID(IDNoKind)
	}
}

func (c Condition) validateCall() error {
	set := count(c.Method != "", c.Service != "", c.All)
	switch {
	case count(c.Name != "", c.Event != "", c.Group != "") > 0, set > 1:
		return fault.Invalid("execution is invalid: %s takes only one of method, service and all", c.Kind).WithID(idMethodMany)
	case set == 0:
		return fault.Invalid("execution is invalid: %s needs one of method, service and all", c.Kind).WithID(idMethodNone)
	case c.Service != "":
		return c.named("service", checkDotted(c.Service), idMethodNone)
	case c.Method != "":
		return c.named("method", checkMethod(c.Method), idMethodNone)
	}
	return nil
}

func (c Condition) validateFunction() error {
	if c.Name == "" {
		return fault.Invalid("execution is invalid: function needs a name").WithID(idFunction)
	}
	if c != ForFunction(c.Name) {
		return fault.Invalid("execution is invalid: function takes only a name").WithID(idFunction)
	}
	return c.named("name", checkName(c.Name), idFunction)
}

func (c Condition) validateEvent() error {
	set := count(c.Event != "", c.Group != "", c.All)
	switch {
	case count(c.Method != "", c.Service != "", c.Name != "") > 0, set > 1:
		return fault.Invalid("execution is invalid: event takes only one of event, group and all").WithID(idEventMany)
	case set == 0:
		return fault.Invalid("execution is invalid: event needs one of event, group and all").WithID(idEventNone)
	case c.Event != "":
		return c.named("event", checkDotted(c.Event), idEventNone)
	case c.Group != "":
		return c.named("group", checkDotted(strings.TrimSuffix(c.Group, groupSuffix)), idEventNone)
	}
	return nil
}

// named turns a problem with one field, "" for none, into the error to return.
func (c Condition) named(field, problem, id string) error {
	if problem == "" {
		return nil
	}
	return fault.Invalid("execution is invalid: %s.%s %s", c.Kind, field, problem).WithID(id)
}

// checkMethod wants "/pkg.Service/Method", with or without the first slash.
func checkMethod(method string) string {
	service, name, ok := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	if !ok || service == "" || name == "" {
		return `must have the form "/pkg.Service/Method"`
	}
	if utf8.RuneCountInString(service)+1+utf8.RuneCountInString(name) > MaxLength {
		return "must not be longer than 1000 characters"
	}
	if problem := checkDotted(service); problem != "" {
		return problem
	}
	return checkName(name)
}

// checkDotted wants segments that are not empty, with dots between them.
func checkDotted(name string) string {
	if problem := checkName(name); problem != "" {
		return problem
	}
	if name[0] == '.' || name[len(name)-1] == '.' || strings.Contains(name, "..") {
		return "must not have an empty segment between its dots"
	}
	return ""
}

// checkName wants visible characters, of which none means something in an id
// or a bus subject.
func checkName(name string) string {
	switch {
	case name == "":
		return "must not be empty"
	case !utf8.ValidString(name):
		return "must be valid UTF-8"
	case utf8.RuneCountInString(name) > MaxLength:
		return "must not be longer than 1000 characters"
	case strings.ContainsAny(name, "/*>"):
		return "must not contain a slash or a wildcard"
	case strings.ContainsFunc(name, invisible):
		return "must not contain white space or control characters"
	}
	return ""
}

// invisible also covers formatting characters such as the zero-width space,
// with which two names would look alike and differ.
func invisible(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }

func count(flags ...bool) int {
	n := 0
	for _, set := range flags {
		if set {
			n++
		}
	}
	return n
}
