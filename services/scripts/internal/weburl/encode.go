package weburl

import (
	"strings"
)

// Where a text stands decides what of it is encoded: besides controls and
// everything that is not ASCII, these.
const (
	inOpaque       = ""
	inFragment     = " \"<>`"
	inQuery        = " \"#<>"
	inSpecialQuery = inQuery + "'"
	inPath         = inQuery + "?`{}^"
	inUserinfo     = inPath + "/:;=@[\\]|"
)

const upperHex = "0123456789ABCDEF"

// encode percent-encodes what may not stand in a part. Percent sequences stay.
func encode(text, set string) string {
	if !needsEncoding(text, set) {
		return text
	}
	out := make([]byte, 0, 3*len(text))
	for _, c := range []byte(strings.ToValidUTF8(text, "\ufffd")) {
		if mustEncode(c, set) {
			out = append(out, '%', upperHex[c>>4], upperHex[c&15])
			continue
		}
		out = append(out, c)
	}
	return string(out)
}

func needsEncoding(text, set string) bool {
	for i := range len(text) {
		if mustEncode(text[i], set) {
			return true
		}
	}
	return false
}

func mustEncode(c byte, set string) bool {
	return c < ' ' || c >= 0x7f || strings.IndexByte(set, c) >= 0
}
