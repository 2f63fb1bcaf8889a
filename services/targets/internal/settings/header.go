package settings

import (
	"fmt"
	"strings"

	"github.com/actionplane/actionplane/libs/config"
)

// Header is sent with every call.
type Header struct {
	Name   string `json:"name"`
	Value  string `json:"value,omitempty"` // of one that is no secret
	Secret bool   `json:"secret,omitempty"`
	// Hidden is the value of a secret one; none: as it was.
	Hidden config.Secret `json:"-"`
}

// Text returns the value to send, in clear.
func (h Header) Text() string {
	if h.Secret {
		return h.Hidden.Reveal()
	}
	return h.Value
}

// reservedHeaders are not for operators to set: those that HTTP itself needs,
// that concern the connection alone, that say what the body is, and those of
// other systems' signatures and traces that we write.
var reservedHeaders = map[string]string{
	"host":                "is taken from the endpoint",
	"content-length":      "says what the body is",
	"content-type":        "says what the body is",
	"content-encoding":    "says what the body is",
	"accept-encoding":     "says what we can read",
	"connection":          "concerns the connection alone",
	"keep-alive":          "concerns the connection alone",
	"proxy-authenticate":  "concerns the connection alone",
	"proxy-authorization": "concerns the connection alone",
	"proxy-connection":    "concerns the connection alone",
	"te":                  "concerns the connection alone",
	"trailer":             "concerns the connection alone",
	"transfer-encoding":   "concerns the connection alone",
	"upgrade":             "concerns the connection alone",
	"expect":              "concerns the connection alone",
	"traceparent":         "is the trace's",
	"tracestate":          "is the trace's",
	"baggage":             "is the trace's",
	"zitadel-signature":   "is the signature's",
	"x-zitadel-signature": "is the signature's",
}

// reservedPrefixes begin headers that are ours: of Standard Webhooks, and our
// own.
var reservedPrefixes = map[string]string{
	"webhook-":     "is the signature's",
	"actionplane-": "is ours",
}

// checkHeaders reports the first header that must not be sent.
func checkHeaders(headers []Header, most int) error {
	if len(headers) > most {
		return invalid("headers", "must be at most %d", most)
	}
	seen := map[string]bool{}
	for i, h := range headers {
		field := fmt.Sprintf("headers[%d]", i)
		if why := nameProblem(h.Name); why != "" {
			return invalid(field+".name", "%s", why)
		}
		name := strings.ToLower(h.Name)
		if seen[name] {
			return invalid(field+".name", "is there twice; names differ by more than case")
		}
		seen[name] = true
		if why := valueProblem(h); why != "" {
			return invalid(field+".value", "%s", why)
		}
	}
	return nil
}

// nameProblem completes the sentence "name …"; empty: there is none.
func nameProblem(name string) string {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !isTokenRune(r) }) {
		return "must be a token of RFC 9110: letters, digits and !#$%&'*+-.^_`|~"
	}
	lower := strings.ToLower(name)
	if why := reservedHeaders[lower]; why != "" {
		return fmt.Sprintf("must not be %q, which %s", lower, why)
	}
	for prefix, why := range reservedPrefixes {
		if strings.HasPrefix(lower, prefix) {
			return fmt.Sprintf("must not be %q, which %s", lower, why)
		}
	}
	return ""
}

func isTokenRune(r rune) bool {
	return (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') || (r < 0x80 && strings.ContainsRune("!#$%&'*+-.^_`|~", r))
}

// valueProblem completes the sentence "value …", without repeating a value;
// empty: there is none.
func valueProblem(h Header) string {
	text := h.Text()
	switch {
	case h.Secret && text == "":
		return "must be given: there is no secret of that name to keep"
	case strings.ContainsFunc(text, func(r rune) bool { return r != '\t' && (r < ' ' || r > '~') }):
		return "must be printable ASCII"
	case strings.Trim(text, " \t") != text:
		return "must not begin or end with a blank"
	}
	return ""
}

// completeHeaders gives the secret headers that have no value the one they had.
func completeHeaders(headers, stored []Header) []Header {
	kept := map[string]config.Secret{}
	for _, h := range stored {
		if h.Secret {
			kept[strings.ToLower(h.Name)] = h.Hidden
		}
	}
	complete := make([]Header, 0, len(headers))
	for _, h := range headers {
		if h.Secret && h.Hidden.IsZero() {
			h.Hidden = kept[strings.ToLower(h.Name)]
		}
		complete = append(complete, h)
	}
	if len(complete) == 0 {
		return nil // as it is read back
	}
	return complete
}
