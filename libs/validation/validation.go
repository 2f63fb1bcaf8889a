// Package validation checks a request against the rules in its proto
// (buf.validate) and words what is wrong as the original APIs do, naming
// message and field.
package validation

import (
	"errors"
	"fmt"
	"strings"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/fault"
)

// Validator checks requests. It is safe for concurrent use; rules are compiled
// at the first message of a type.
type Validator struct {
	rules protovalidate.Validator
}

// New returns a validator that stops at the first violation, as
// protoc-gen-validate does, whose texts clients know.
func New() (*Validator, error) {
	rules, err := protovalidate.New(protovalidate.WithFailFast())
	if err != nil {
		return nil, fmt.Errorf("prepare validation: %w", err)
	}
	return &Validator{rules: rules}, nil
}

// Check returns INVALID_ARGUMENT "invalid CreateTargetRequest.target.name:
// value length must be at least 1 characters" for a message that breaks a
// rule, and names the field beside the text too.
func (v *Validator) Check(m proto.Message) error {
	err := v.rules.Validate(m)
	if err == nil {
		return nil
	}
	name := m.ProtoReflect().Descriptor().Name()
	var broken *protovalidate.ValidationError
	if !errors.As(err, &broken) || len(broken.Violations) == 0 {
		return fault.Internal("the rules of %s cannot be checked", name).Because(err)
	}
	first := broken.Violations[0].Proto
	path := protovalidate.FieldPathString(first.GetField())
	if path == "" {
		return fault.Invalid("invalid %s: %s", name, first.GetMessage())
	}
	problem := strings.TrimPrefix(first.GetMessage(), path+": ")
	return fault.Invalid("invalid %s.%s: %s", name, path, problem).WithField(path, problem)
}
