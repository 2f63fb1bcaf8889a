package rest

import (
	"errors"
	"io"
	"net/http"

	"github.com/actionplane/actionplane/libs/wirejson"
)

// body is a request's body that keeps what its decoder did not like:
// grpc-gateway hands on the text of an error alone.
type body struct {
	io.ReadCloser
	problem *wirejson.Problem
}

// keep notes err with the reader that a decoder was made for.
func keep(r io.Reader, err error) {
	if b, ok := r.(*body); ok {
		_ = errors.As(err, &b.problem)
	}
}

// bodyProblem returns what was noted; nil where there is nothing.
func bodyProblem(r *http.Request) *wirejson.Problem {
	if b, ok := r.Body.(*body); ok {
		return b.problem
	}
	return nil
}
