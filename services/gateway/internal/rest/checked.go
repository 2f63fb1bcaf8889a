package rest

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/actionplane/actionplane/libs/fault"
)

// checked refuses what grpc-gateway would answer badly: a body that is too
// large, for which it knows no status, one that speaks another protocol, and
// path and query that are not UTF-8, which no string field can hold.
func checked(maxRequest int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !utf8.ValidString(r.URL.Path) || !utf8.ValidString(unescaped(r.URL.RawQuery)) {
			Refuse(w, r, fault.Invalid("path and query must be UTF-8"))
			return
		}
		if of, foreign := foreignType(r.Header.Get("Content-Type")); foreign {
			Refuse(w, r, fault.Invalid("%s is spoken at POST /package.Service/Method; send application/json here", of).WithStatus(http.StatusUnsupportedMediaType))
			return
		}
		if r.ContentLength < 0 && !readBody(r, maxRequest) {
			Refuse(w, r, fault.Deadline("the request did not arrive in time").WithStatus(http.StatusRequestTimeout))
			return
		}
		if r.ContentLength > int64(maxRequest) {
			Refuse(w, r, TooLarge(maxRequest))
			return
		}
		if r.ContentLength != 0 {
			r.Body = &body{ReadCloser: r.Body}
		}
		next.ServeHTTP(w, r)
	})
}

// foreignType returns a content type that belongs to an RPC protocol. Every
// other one is taken for JSON, as the original APIs do (actions-v1 sheet, 1.4).
func foreignType(contentType string) (string, bool) {
	for _, prefix := range []string{"application/grpc", "application/connect", "application/proto"} {
		if strings.HasPrefix(contentType, prefix) {
			name, _, _ := strings.Cut(contentType, ";")
			return name, true
		}
	}
	return "", false
}

// untyped hides the content type, on which nothing depends any more: grpc-gateway
// writes one that it cannot read to stderr, and takes a form for parameters.
func untyped(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		delete(r.Header, "Content-Type")
		next.ServeHTTP(w, r)
	})
}

// TooLarge is the error of a body of more than maxRequest bytes.
func TooLarge(maxRequest int) *fault.Error {
	return fault.Exhausted("the request body is larger than %d bytes", maxRequest).WithStatus(http.StatusRequestEntityTooLarge)
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
