package wirejson

import (
	"bytes"

	"github.com/actionplane/actionplane/proto/jsontext"
)

// IsObjectOrBlank reports whether text is a JSON object, or nothing but space.
func IsObjectOrBlank(text []byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) == 0 || jsontext.IsObject(text)
}
