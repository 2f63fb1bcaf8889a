package jsontext_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/proto/jsontext"
)

// texts are such as scanners trip over.
var texts = []string{
	"", " ", "\t\r\n 1 \n", "\v1", "\u00a01", "\ufeff1", "\x001", "1\x00", "1 2", "1,",
	"0", "-0", "-", "+1", "01", "-01", "1.", ".5", "1.5", "1e", "1e+", "1E-2", "1e400", "0x1", "1e1.5", "--1", "0e0", "12a",
	"true", "false", "null", "tru", "True", "truefalse", "nul", "nulll", "NaN", "fals ",
	`"`, `""`, `"a`, `"a"b`, `"seven77"`, `"eight888"`, `"nine99999"`, `"sixteen 16 16 1"`, `"eight888\"eight888"`, "\"\x7f\"", "\"\x1f\"", "\"1234567\x1f\"", "\"\t\"", "\"\n1234567\"",
	"\"\xff\"", "\"\x80\x80\x80\x80\x80\x80\x80\x80\"", "\"ä ö ü € 😀\"", "\"\xed\xa0\x80\"", "\"\xa2\xdc\x9f\xa2\xdc\x9f\xa0\xa1\"",
	`"\"\\\/\b\f\n\r\t"`, `"\a"`, `"\'"`, `"\x41"`, `"\`, `"\"`, `"\u`, `"\u12`, `"\u12"`, `"\u123g"`, `"\u00e9\u00E9"`, `"\ud800"`, `"\udc00\ud800"`, `"\ud83d\ude00"`, `"\U00e9"`, `"\u 123"`, "\"\\u12\x00\x00\"", "\"\\u@BCD\"", "\"\\uGHIJ\"",
	"{}", "{ }", "{", "}", "{,}", `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1 "b":2}`, `{"a":1,"a":2}`, `{a:1}`, `{1:1}`, `{"a" : [ 1 , { } , "x" ] }`, `{"a":1]`, `{"a"1}`, "{}{}", "{} x", `{"a\u0000":null}`, `{'a':1}`, `{"":""}`,
	"[]", "[ ]", "[", "]", "[,]", "[1,]", "[1 2]", "[1}", "[[[[]]]]", "[[[[]]]", "[]]", "[[],{},[{}]]", "[nul]", "/**/1", "[1//\n]",
}

func TestValid(t *testing.T) {
	t.Parallel()

	t.Run("AgreesWithEncodingJSON", func(t *testing.T) {
		t.Parallel()
		for _, text := range texts {
			agree(t, []byte(text))
		}
	})

	t.Run("AgreesOnEveryByteInEveryPlace", func(t *testing.T) {
		t.Parallel()
		text := []byte(`{"k":[1.5e3,"nine99999\u00e9\n",true],"o":{"x":null}} `)
		for at := range text {
			for c := range 256 {
				changed := bytes.Clone(text)
				changed[at] = byte(c)
				agree(t, changed)
			}
		}
		for c := range 256 {
			for length := range 20 {
				plain := strings.Repeat("a", length)
				agree(t, []byte(`"`+plain+string([]byte{byte(c)})+plain+`"`))
			}
		}
	})

	t.Run("AgreesOnEveryBeginning", func(t *testing.T) {
		t.Parallel()
		text := []byte(`{"k":[-1.5E+3,"\ud83d\ude00 😀"],"o":{"x":null,"y":[false,{}]}}`)
		for n := range text {
			agree(t, text[:n])
		}
	})

	t.Run("AgreesOnDepth", func(t *testing.T) {
		t.Parallel()
		for _, depth := range []int{9_999, 10_000, 10_001, 20_000} {
			agree(t, []byte(strings.Repeat("[", depth)+strings.Repeat("]", depth)))
			agree(t, []byte(strings.Repeat(`{"a":`, depth)+"1"+strings.Repeat("}", depth)))
			agree(t, []byte(strings.Repeat(`[{"a":`, depth/2)+"1"+strings.Repeat("}]", depth/2)))
			agree(t, []byte(strings.Repeat("[", depth)))
		}
	})

	t.Run("AgreesOnTextsPutTogether", func(t *testing.T) {
		t.Parallel()
		for range 20_000 {
			agree(t, together(nil, 5))
		}
	})
}

// together makes a text out of others: one that is mostly JSON.
func together(text []byte, depth int) []byte {
	if depth == 0 || rand.IntN(3) == 0 {
		return append(text, texts[rand.IntN(len(texts))]...)
	}
	marks, named := "[]", rand.IntN(2) == 0
	if named {
		marks = "{}"
	}
	text = append(text, marks[0])
	for i := range rand.IntN(3) {
		if i > 0 {
			text = append(text, ',')
		}
		if named {
			text = append(text, `"name":`...)
		}
		text = together(text, depth-1)
	}
	return append(text, marks[1])
}

func agree(t *testing.T, text []byte) {
	t.Helper()
	if got, want := jsontext.Valid(text), json.Valid(text); got != want {
		t.Errorf("%.200q: %t, encoding/json says %t", text, got, want)
	}
	if got, want := jsontext.IsObject(text), json.Valid(text) && text[0] == '{'; got != want {
		t.Errorf("%.200q: object %t, want %t", text, got, want)
	}
}

// FuzzValid compares with encoding/json.
func FuzzValid(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { agree(t, text) })
}

func BenchmarkValid(b *testing.B) {
	for name, text := range map[string][]byte{
		"OneString": []byte(`{"text":"` + strings.Repeat("a", 1000) + `"}`),
		"Members":   []byte(`{` + strings.Repeat(`"name":"value","count":12345,"list":[1,2,{"x":null}],`, 20) + `"last":true}`),
	} {
		for who, valid := range map[string]func([]byte) bool{"Ours": jsontext.Valid, "EncodingJSON": json.Valid} {
			b.Run(name+"/"+who, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					if !valid(text) {
						b.Fatal("is not valid")
					}
				}
			})
		}
	}
}
