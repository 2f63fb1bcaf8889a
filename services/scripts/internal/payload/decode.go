package payload

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/dop251/goja"
)

// value returns raw, a checked JSON value, as a value of the script.
func (d *Document) value(raw []byte) goja.Value {
	switch raw[0] {
	case '{':
		return d.vm.NewDynamicObject(newObject(d, raw))
	case '[':
		return d.array(raw, nil)
	case '"':
		return d.vm.ToValue(unquote(raw))
	case 't':
		return d.vm.ToValue(true)
	case 'f':
		return d.vm.ToValue(false)
	case 'n':
		return goja.Null()
	}
	return d.number(raw)
}

func (d *Document) array(raw []byte, elements *Shape) goja.Value {
	var items []any
	// Checked before, so it cannot fail.
	_, _ = scanElements(raw, 0, 0, func(value []byte) { items = append(items, d.shaped(value, elements)) })
	return d.vm.NewArray(items...)
}

func (d *Document) number(raw []byte) goja.Value {
	digits := string(raw)
	if i, err := strconv.ParseInt(digits, 10, 64); err == nil && -maxExact <= i && i <= maxExact && digits != "-0" {
		return d.vm.ToValue(i)
	}
	// Out of range gives an infinity, which is what JSON.parse gives too.
	f, _ := strconv.ParseFloat(digits, 64)
	if !bytes.ContainsAny(raw, ".eE") {
		d.remember(f, digits)
	}
	return d.vm.ToValue(f)
}

// unquote returns the text of a checked string literal.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	// Checked before, so it cannot fail; half of a surrogate pair becomes U+FFFD.
	_ = json.Unmarshal(raw, &s)
	return s
}
