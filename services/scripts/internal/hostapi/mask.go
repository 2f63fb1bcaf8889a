package hostapi

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// masked is what is shown instead of a secret.
const masked = "[redacted]"

// Mask hides the values of secrets in texts that leave the sandbox by the way:
// logs, errors, addresses of calls. What a script does with a secret on purpose
// (a header, a claim) is its own affair.
type Mask struct {
	replacer *strings.Replacer // nil when there is nothing to hide
	longest  int
}

// NewMask returns the mask for secrets, as they are and as JSON and URLs print
// them.
func NewMask(secrets invocation.Secrets) Mask {
	if len(secrets) == 0 {
		return Mask{}
	}
	var texts []string
	for _, value := range secrets {
		if value == "" {
			continue
		}
		texts = append(texts, value, url.QueryEscape(value), url.PathEscape(value))
		if quoted, err := json.Marshal(value); err == nil {
			texts = append(texts, string(quoted[1:len(quoted)-1]))
		}
	}
	if len(texts) == 0 {
		return Mask{}
	}
	// Of secrets that begin alike the longer one is hidden whole.
	slices.SortFunc(texts, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	texts = slices.Compact(texts)
	pairs := make([]string, 0, 2*len(texts))
	for _, text := range texts {
		pairs = append(pairs, text, masked)
	}
	return Mask{replacer: strings.NewReplacer(pairs...), longest: len(texts[0])}
}

// Hide returns text without the secrets, cut to limit bytes.
func (m Mask) Hide(text string, limit int) string {
	if m.replacer != nil {
		// A secret that the cut goes through must not show its first half.
		if room := limit + m.longest; len(text) > room {
			text = text[:room]
		}
		text = m.replacer.Replace(text)
	}
	return cut(text, limit)
}
