package weburl

import "testing"

// text prints parts the way URL.href does.
func text(p Parts) string {
	out := p.Protocol
	if p.HasHost {
		out += "//"
		if p.Username != "" || p.Password != "" {
			out += p.Username
			if p.Password != "" {
				out += ":" + p.Password
			}
			out += "@"
		}
		out += p.Hostname
		if p.Port != "" {
			out += ":" + p.Port
		}
	}
	return out + p.Pathname + p.Search + p.Hash
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ in, base, want string }{
		{"https://Example.ORG:443/a/./b/../c?x=1#y", "", "https://example.org/a/c?x=1#y"},
		{"http://user:p%40ss@host:8080", "", "http://user:p%40ss@host:8080/"},
		{` http:\\example.org\a b` + "\n", "", "http://example.org/a%20b"},
		{"http://ex\tample.org/é?ü#ß", "", "http://example.org/%C3%A9?%C3%BC#%C3%9F"},
		{"http://bücher.example/", "", "http://xn--bcher-kva.example/"},
		{"http://0x7f.1/", "", "http://127.0.0.1/"},
		{"http://2130706433/", "", "http://127.0.0.1/"},
		{"http://[::FFFF:127.0.0.1]:81/", "", "http://[::ffff:7f00:1]:81/"},
		{"mailto:me@example.org", "", "mailto:me@example.org"},
		{"data:text/plain,a b", "", "data:text/plain,a b"},
		{"urn:isbn:1", "", "urn:isbn:1"},
		{"custom://Host/p", "", "custom://Host/p"},
		{"file:///etc/passwd", "", "file:///etc/passwd"},
		{"../x?y", "http://h/a/b/c?q#f", "http://h/a/x?y"},
		{"?y", "http://h/a?q", "http://h/a?y"},
		{"#y", "http://h/a?q", "http://h/a?q#y"},
		{"//other/x", "https://h/a", "https://other/x"},
		{"/x", "https://h/a/b", "https://h/x"},
		{"http://other", "https://h/a", "http://other/"},
		{"x", "mailto:a", ""},
		{"", "", ""},
		{"x", "", ""},
		{"http://", "", ""},
		{"http://a b/", "", ""},
		{"http://h:99999/", "", ""},
		{"http://h:x/", "", ""},
		{"http://1.2.3.4.5/", "", ""},
		{"http://256.0.0.1/", "", ""},
		{"http://[::1/", "", ""},
		{"http://a%00b/", "", ""},
	} {
		var base *Parts
		if test.base != "" {
			b, ok := Parse(test.base, nil)
			if !ok {
				t.Fatalf("base %s is no URL", test.base)
			}
			base = &b
		}
		p, ok := Parse(test.in, base)
		got := ""
		if ok {
			got = text(p)
		}
		if got != test.want {
			t.Errorf("Parse(%q, %q) is %q, want %q", test.in, test.base, got, test.want)
		}
	}
}

// FuzzParse: what is a URL with a host prints as a URL that is the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"http://u:p@h:1/a/../b?c#d", "mailto:x", "file:///x", "http://[::1]/", "a:b", "x://@:/", `http:\\h\..\x`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		p, ok := Parse(in, nil)
		if !ok || !p.HasHost {
			return
		}
		_, _ = Parse("../x", &p)
		again, ok := Parse(text(p), nil)
		if !ok || again != p {
			t.Errorf("%q is %+v, and printed and read again %+v", in, p, again)
		}
	})
}

func TestForm(t *testing.T) {
	t.Parallel()
	pairs := ParseForm("?a=1&b=%C3%A9+%zz&&c&a=~*")
	want := []Pair{{"a", "1"}, {"b", "é %zz"}, {"c", ""}, {"a", "~*"}}
	if len(pairs) != len(want) {
		t.Fatalf("pairs are %v", pairs)
	}
	for i := range want {
		if pairs[i] != want[i] {
			t.Errorf("pair %d is %v, want %v", i, pairs[i], want[i])
		}
	}
	if got := FormText(pairs); got != "a=1&b=%C3%A9+%25zz&c=&a=%7E*" {
		t.Errorf("text is %s", got)
	}
}
