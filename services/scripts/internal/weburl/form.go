package weburl

import (
	"net/url"
	"strings"
)

// Pair is a name and its value in a form or a query.
type Pair struct{ Name, Value string }

// ParseForm reads application/x-www-form-urlencoded text; a leading question
// mark is skipped. Anything is a form.
func ParseForm(text string) []Pair {
	text = strings.TrimPrefix(text, "?")
	var pairs []Pair
	for part := range strings.SplitSeq(text, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		pairs = append(pairs, Pair{formDecode(name), formDecode(value)})
	}
	return pairs
}

// FormText is the way back.
func FormText(pairs []Pair) string {
	var out strings.Builder
	for i, p := range pairs {
		if i > 0 {
			out.WriteByte('&')
		}
		out.WriteString(formEncode(p.Name))
		out.WriteByte('=')
		out.WriteString(formEncode(p.Value))
	}
	return out.String()
}

// formReplacer turns Go's notion of a query into the browsers'.
var formReplacer = strings.NewReplacer("~", "%7E", "%2A", "*")

func formEncode(s string) string { return formReplacer.Replace(url.QueryEscape(s)) }

func formDecode(s string) string {
	return strings.ToValidUTF8(percentDecode(strings.ReplaceAll(s, "+", " ")), "\ufffd")
}

// percentDecode decodes what is a percent sequence and keeps the rest.
func percentDecode(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}
