package target

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
)

// The ways to a target besides http:// and https://. They are written exactly
// so: whoever picks a way looks at the prefix alone.
const (
	actionPrefix = "action://"
	natsPrefix   = "nats://"
)

// reservedSubjects begin what an operator must not reach through a target:
// NATS's own subjects, reply inboxes, and our services, which trust the bus.
var reservedSubjects = []string{"$", "_INBOX.", "actionplane."}

// checkEndpoint reports why raw is no endpoint, as an Invalid fault. The text
// never repeats raw, which may hold credentials. An endpoint is one of
//
//	http://host…, https://host…   a URL; credentials in it are allowed
//	action://<id>                 a JavaScript action, by its snowflake
//	nats://<subject>              a subject of the bus, without wildcards
func checkEndpoint(raw, errorID string) error {
	if why := endpointProblem(raw); why != "" {
		return fault.Invalid("endpoint %s", why).WithID(errorID)
	}
	return nil
}

// endpointProblem completes the sentence "endpoint …"; empty: there is none.
func endpointProblem(raw string) string {
	if raw == "" {
		return "must not be empty"
	}
	if id, ok := strings.CutPrefix(raw, actionPrefix); ok {
		return actionProblem(id)
	}
	if subject, ok := strings.CutPrefix(raw, natsPrefix); ok {
		return subjectProblem(subject)
	}
	return urlProblem(raw)
}

func actionProblem(id string) string {
	if !ident.IsSnowflake(id) {
		return "must name an action by its id, as in action://69629012906488334"
	}
	return ""
}

func subjectProblem(subject string) string {
	for token := range strings.SplitSeq(subject, ".") {
		if token == "" {
			return "must name a subject whose parts between the dots are not empty, as in nats://billing.hooks"
		}
	}
	if strings.ContainsAny(subject, "*>") {
		return "must name a subject without wildcards"
	}
	if strings.ContainsFunc(subject, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return "must name a subject without blanks and control characters"
	}
	for _, reserved := range reservedSubjects {
		if strings.HasPrefix(subject+".", reserved) {
			return "must not name a subject that is reserved for the system"
		}
	}
	return ""
}

func urlProblem(raw string) string {
	u, err := url.Parse(raw) // its error would repeat the URL
	switch {
	case err != nil:
		return "cannot be read as a URL"
	case u.Scheme != "http" && u.Scheme != "https":
		return "must begin with http://, https://, action:// or nats://"
	case u.Hostname() == "":
		return "must name a host"
	case !plainHost(u.Hostname()):
		return "must name its host in plain ASCII, other names in their xn-- form"
	case u.Port() != "" && !validPort(u.Port()):
		return "must have a port between 1 and 65535"
	}
	return ""
}

// plainHost reports whether host is an address or made of the characters of
// host names. Whether it exists is asked when it is called: it may be about to.
func plainHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return !strings.ContainsFunc(host, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
	})
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}
