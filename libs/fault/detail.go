package fault

import "time"

// Field is a field of a request that is wrong.
type Field struct {
	// Path leads to the field, e.g. "target.name".
	Path string
	// Problem continues "the field ...".
	Problem string
}

// WithField returns a copy that names one more field.
func (e *Error) WithField(path, problem string) *Error {
	c := *e
	c.Fields = append(c.Fields[:len(c.Fields):len(c.Fields)], Field{Path: path, Problem: problem})
	return &c
}

// WithRetryAfter returns a copy that tells when to try again.
func (e *Error) WithRetryAfter(wait time.Duration) *Error {
	c := *e
	c.RetryAfter = wait
	return &c
}
