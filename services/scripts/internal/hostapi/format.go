package hostapi

import (
	"strings"

	"github.com/dop251/goja"
)

// format joins the arguments of a log call. A string in front may hold %s, %d,
// %i, %f, %j, %o, %O and %%; what it does not use follows, separated by blanks.
func (s *session) format(args []goja.Value) string {
	if len(args) == 0 {
		return ""
	}
	var out strings.Builder
	var rest []goja.Value
	if first, ok := args[0].(goja.String); ok {
		rest = s.interpolate(&out, first.String(), args[1:])
	} else {
		out.WriteString(s.show(args[0]))
		rest = args[1:]
	}
	for _, arg := range rest {
		out.WriteByte(' ')
		out.WriteString(s.show(arg))
	}
	return out.String()
}

// interpolate writes pattern with its verbs filled and returns the arguments
// that are left. A verb without an argument is written as it is.
func (s *session) interpolate(out *strings.Builder, pattern string, args []goja.Value) []goja.Value {
	for {
		at := strings.IndexByte(pattern, '%')
		if at < 0 || at == len(pattern)-1 {
			out.WriteString(pattern)
			return args
		}
		out.WriteString(pattern[:at])
		verb := pattern[at+1]
		pattern = pattern[at+2:]
		switch {
		case verb == '%':
			out.WriteByte('%')
		case len(args) > 0 && strings.IndexByte("sdifjoO", verb) >= 0:
			out.WriteString(s.verb(verb, args[0]))
			args = args[1:]
		default:
			out.WriteByte('%')
			out.WriteByte(verb)
		}
	}
}

func (s *session) verb(verb byte, v goja.Value) string {
	switch verb {
	case 'd', 'f':
		return v.ToNumber().String()
	case 'i':
		return s.vm.ToValue(v.ToInteger()).String()
	case 'j', 'o', 'O':
		return s.json(v)
	}
	return s.show(v)
}

// show is String(v), except that plain objects and arrays are shown as JSON:
// nobody ever wanted to read "[object Object]".
func (s *session) show(v goja.Value) string {
	o, ok := v.(*goja.Object)
	if !ok {
		return v.String()
	}
	if o.ClassName() == "Array" {
		return s.json(v)
	}
	if text := v.String(); text != "[object Object]" {
		return text
	}
	return s.json(v)
}

func (s *session) json(v goja.Value) string {
	raw, err := s.Encode(v)
	if err != nil {
		return "[" + err.Error() + "]"
	}
	if raw == nil {
		return "undefined"
	}
	return string(raw)
}
