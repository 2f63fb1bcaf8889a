package hostapi

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// utf8(text) returns an ArrayBuffer.
func (s *session) utf8(call goja.FunctionCall) goja.Value {
	text := strings.ToValidUTF8(call.Argument(0).String(), "\ufffd")
	return s.vm.ToValue(s.vm.NewArrayBuffer([]byte(text)))
}

// encoding(label) returns the name of an encoding, or null.
func (s *session) encoding(call goja.FunctionCall) goja.Value {
	switch strings.ToLower(strings.TrimSpace(call.Argument(0).String())) {
	case "utf-8", "utf8", "unicode-1-1-utf-8":
		return s.vm.ToValue("utf-8")
	case "utf-16le", "utf-16", "ucs-2", "unicode":
		return s.vm.ToValue("utf-16le")
	case "latin1", "iso-8859-1", "iso8859-1", "ascii", "us-ascii", "windows-1252":
		return s.vm.ToValue("iso-8859-1")
	}
	return goja.Null()
}

// decode(encoding, bytes, fatal, keepBOM) returns text; null where fatal is set
// and the bytes are wrong.
func (s *session) decode(call goja.FunctionCall) goja.Value {
	b := s.needBytes(call.Argument(1))
	fatal, keepBOM := call.Argument(2).ToBoolean(), call.Argument(3).ToBoolean()
	switch call.Argument(0).String() {
	case "utf-16le":
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
		}
		return s.vm.ToValue(string(utf16.Decode(units)))
	case "iso-8859-1":
		return s.vm.ToValue(fromLatin1(b))
	}
	if fatal && !utf8.Valid(b) {
		return goja.Null()
	}
	if !keepBOM {
		b = bytes.TrimPrefix(b, []byte("\ufeff"))
	}
	return s.vm.ToValue(validUTF8(b))
}

// validUTF8 replaces each wrong byte.
func validUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return string([]rune(string(b)))
}

func fromLatin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// toLatin1 returns a byte per character, unless there is one above 255.
func toLatin1(text string) ([]byte, bool) {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 255 {
			return nil, false
		}
		out = append(out, byte(r))
	}
	return out, true
}

// btoa(text) takes a character per byte and returns Base64.
func (s *session) btoa(call goja.FunctionCall) goja.Value {
	b, ok := toLatin1(call.Argument(0).String())
	if !ok {
		s.throwDOM("InvalidCharacterError", "btoa takes characters up to 255 only")
	}
	return s.vm.ToValue(base64.StdEncoding.EncodeToString(b))
}

// atob(text) is the way back. White space is fine, and padding may be missing.
func (s *session) atob(call goja.FunctionCall) goja.Value {
	text := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\n\f\r", r) {
			return -1
		}
		return r
	}, call.Argument(0).String())
	if len(text)%4 == 0 {
		text = strings.TrimSuffix(strings.TrimSuffix(text, "="), "=")
	}
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		s.throwDOM("InvalidCharacterError", "the text is not Base64")
	}
	return s.vm.ToValue(fromLatin1(b))
}

// throwDOM ends the host function with a DOMException.
func (s *session) throwDOM(name, message string) {
	e, err := s.vm.New(s.load("abort").Get("DOMException"), s.vm.ToValue(message), s.vm.ToValue(name))
	if err != nil {
		panic(err)
	}
	panic(s.vm.ToValue(e))
}
