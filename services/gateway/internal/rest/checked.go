package rest

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/actionplane/actionplane/libs/fault"
)

// checked refuses what grpc-gateway would answer badly: a body that is too
// large, for which it knows no status, and path and query that are not UTF-8,
// which no string field can hold.
func checked(maxRequest int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !utf8.ValidString(r.URL.Path) || !utf8.ValidString(unescaped(r.URL.RawQuery)) {
			writeError(w, r, http.StatusBadRequest, fault.Invalid("path and query must be UTF-8"))
			return
		}
		if r.ContentLength < 0 && !readBody(r, maxRequest) {
			writeError(w, r, http.StatusRequestTimeout, fault.Deadline("the request did not arrive in time"))
			return
		}
		if r.ContentLength > int64(maxRequest) {
			writeError(w, r, http.StatusRequestEntityTooLarge, TooLarge(maxRequest))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// TooLarge is the error of a body of more than maxRequest bytes.
func TooLarge(maxRequest int) *fault.Error {
	return fault.Exhausted("the request body is larger than %d bytes", maxRequest)
}

// unescaped returns a query as text; "" where it is malformed, which
// grpc-gateway words well.
func unescaped(query string) string {
	text, err := url.QueryUnescape(query)
	if err != nil {
		return ""
	}
	return text
}

// readBody reads a body whose length the client did not tell, as far as it may
// reach, and reports whether it could be read.
func readBody(r *http.Request, maxRequest int) bool {
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(maxRequest)+1))
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return true
}
