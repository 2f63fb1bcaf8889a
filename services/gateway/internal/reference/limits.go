package reference

import (
	"fmt"
	"strconv"
	"strings"
)

// uuidPattern is what the protos say of most ids.
const uuidPattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

// limits says what values a schema takes.
func limits(s *schema) string {
	all := bounds(s)
	switch {
	case s.Pattern == "" || isDuration(s):
	case s.Pattern == uuidPattern:
		all = append(all, "a lower-case UUID")
	default:
		all = append(all, "matches "+s.Pattern)
	}
	if len(s.Enum) > 0 {
		all = append(all, "one of "+quoted(s.Enum))
	}
	if s.Const != nil {
		all = append(all, fmt.Sprintf("only %v", s.Const))
	}
	if s.UniqueItems {
		all = append(all, "none twice")
	}
	for _, part := range []*schema{s.Items, s.Values} {
		if part == nil {
			continue
		}
		if each := limits(part); each != "" {
			all = append(all, "each: "+each)
		}
		if part.Description != "" {
			all = append(all, part.Description)
		}
	}
	return strings.Join(all, ", ")
}

func bounds(s *schema) (all []string) {
	for _, b := range []struct {
		words string
		bound *float64
	}{
		{"at least %s characters", s.MinLength},
		{"at most %s characters", s.MaxLength},
		{"at least %s", s.Minimum},
		{"more than %s", s.ExclusiveMinimum},
		{"at most %s", s.Maximum},
		{"less than %s", s.ExclusiveMaximum},
		{"at least %s items", s.MinItems},
		{"at most %s items", s.MaxItems},
		{"at least %s members", s.MinProperties},
		{"at most %s members", s.MaxProperties},
	} {
		if b.bound != nil {
			all = append(all, fmt.Sprintf(b.words, strconv.FormatFloat(*b.bound, 'f', -1, 64)))
		}
	}
	return all
}

func quoted(values []string) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = strconv.Quote(v)
	}
	return strings.Join(texts, ", ")
}
