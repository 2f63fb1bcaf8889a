package wirejson

import (
	"bytes"
	"encoding/json"
)

// IsObjectOrBlank reports whether text is a JSON object, or nothing but space.
func IsObjectOrBlank(text []byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) == 0 || text[0] == '{' && json.Valid(text)
}
