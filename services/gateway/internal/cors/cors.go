// Package cors lets pages of other origins call the API from a browser, over
// every protocol. Tokens travel in a header that a page must know, never in
// cookies, so that any origin may be let in; credentials are never allowed.
package cors

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Any is the origin that stands for all.
const Any = "*"

// requestHeaders are what a page may send: those of REST, Connect and
// gRPC-Web. CloudEvents' and those that a preflight names with their prefixes
// come on top.
var requestHeaders = []string{
	"Accept", "Accept-Language", "Authorization", "Content-Type", "Content-Encoding", "Connect-Protocol-Version", "Connect-Timeout-Ms",
	"Connect-Accept-Encoding", "Connect-Content-Encoding", "Grpc-Accept-Encoding", "Grpc-Encoding", "Grpc-Timeout",
	"X-Grpc-Web", "X-User-Agent", "X-Zitadel-Orgid", "X-Request-Id", "Traceparent", "Tracestate",
}

// answerHeaders are what a page may read.
const answerHeaders = "Connect-Content-Encoding, Content-Encoding, Grpc-Encoding, Grpc-Message, Grpc-Status, Grpc-Status-Details-Bin, " +
	"RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id"

const methods = "GET, POST, PUT, PATCH, DELETE, HEAD"

// eventPrefix begins the headers of CloudEvents, whose names are open.
const eventPrefix = "ce-"

// Policy is who may call.
type Policy struct {
	// Origins are the pages' origins, such as "https://console.example"; "*" is
	// every one, none is none.
	Origins []string
	// MaxAge is how long a browser may remember the answer.
	MaxAge time.Duration
}

// Wrap answers preflight requests and marks the answers of next.
func (p Policy) Wrap(next http.Handler) http.Handler {
	if len(p.Origins) == 0 {
		return next
	}
	any, maxAge := slices.Contains(p.Origins, Any), strconv.Itoa(int(p.MaxAge.Seconds()))
	known := strings.Join(requestHeaders, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, origin := w.Header(), r.Header.Get("Origin")
		if !any {
			h.Add("Vary", "Origin") // the answer to others must not be kept for this one
		}
		if origin == "" || !any && !slices.Contains(p.Origins, origin) {
			next.ServeHTTP(w, r)
			return
		}
		if any {
			origin = Any
		}
		h.Set("Access-Control-Allow-Origin", origin)
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			h.Set("Access-Control-Expose-Headers", answerHeaders)
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", known+events(r.Header.Values("Access-Control-Request-Headers")))
		h.Set("Access-Control-Max-Age", maxAge)
		h.Add("Vary", "Access-Control-Request-Headers")
		w.WriteHeader(http.StatusNoContent)
	})
}

// events returns those of the asked headers that are attributes of a
// CloudEvent, as a list that continues another.
func events(asked []string) string {
	var found strings.Builder
	for _, line := range asked {
		for name := range strings.SplitSeq(line, ",") {
			name = strings.ToLower(strings.TrimSpace(name))
			if rest, ok := strings.CutPrefix(name, eventPrefix); ok && isAttribute(rest) {
				found.WriteString(", " + name)
			}
		}
	}
	return found.String()
}

// isAttribute reports whether name is one of CloudEvents' (3.1): lower-case
// letters and digits.
func isAttribute(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}
