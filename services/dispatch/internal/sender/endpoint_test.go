package sender

import (
	"errors"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/fault"
)

func TestParseEndpoint(t *testing.T) {
	t.Parallel()
	t.Run("TakesTheURLApart", func(t *testing.T) {
		t.Parallel()
		for raw, want := range map[string]endpoint{
			"http://Sink.Test":            {false, "sink.test", "80", "sink.test", "/", ""},
			"https://sink.test./a?b=c#d":  {true, "sink.test", "443", "sink.test", "/a?b=c", ""},
			"https://sink.test:8443/a%2F": {true, "sink.test", "8443", "sink.test:8443", "/a%2F", ""},
			"http://u:p@sink.test/":       {false, "sink.test", "80", "sink.test", "/", "dTpw"},
			"http://[::1]:81":             {false, "::1", "81", "[::1]:81", "/", ""},
			"http://[fe80::1%25eth0]/":    {false, "fe80::1%eth0", "80", "[fe80::1]", "/", ""},
			"http://sink.test/?a b":       {false, "sink.test", "80", "sink.test", "/?a%20b", ""},
		} {
			got, err := parseEndpoint(raw)
			if err != nil || got != want {
				t.Errorf("parseEndpoint(%q) = %+v, %v; want %+v", raw, got, err, want)
			}
		}
	})
	t.Run("RefusesOddNotationsOfAddresses", func(t *testing.T) {
		t.Parallel()
		for _, host := range []string{"0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.1", "1.2.3.4.5", "x.0x", "127.0.0.08"} {
			_, err := parseEndpoint("http://" + host + "/")
			if !errors.As(err, new(*egress.Denial)) || !strings.Contains(err.Error(), "odd notation") {
				t.Errorf("host %q: %v, want a denial for its notation", host, err)
			}
		}
	})
	t.Run("RefusesWhatIsNoEndpointWithoutRepeatingIt", func(t *testing.T) {
		t.Parallel()
		for _, raw := range []string{
			"", "ftp://h/secret", "http:///secret", "//h/secret", "http://h:0/secret", "http://h:65536/secret", "http://h:x/secret",
			"http://u:secret@[::1/", "http://exämple.test/secret", "http://１２７.０.０.１/secret", "http://h\r\nsecret: x/", "http://a'b/secret",
			"http://a../secret", "http://.a/secret", "nats://secret", "unix:///var/run/secret.sock", "http+unix://%2Fvar%2Frun%2Fsecret.sock/", "file:///etc/secret", "gopher://h/secret", "http:secret", "http://" + strings.Repeat("a", 254) + "/secret",
		} {
			_, err := parseEndpoint(raw)
			known, ok := fault.As(err)
			if !ok || known.ID != "EXEC-N5lu09" || !errors.Is(err, errInvalid) {
				t.Errorf("parseEndpoint(%q) = %v, want an invalid endpoint", raw, err)
				continue
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("error repeats the URL: %v", err)
			}
		}
	})
}

func FuzzParseEndpoint(f *testing.F) {
	f.Add("https://u:p@sink.test:8443/a?b#c")
	f.Add("http://[fe80::1%25eth0]/ x")
	f.Add("http://0x7f.1/\u2028")
	f.Fuzz(func(t *testing.T, raw string) {
		e, err := parseEndpoint(raw)
		if err != nil {
			return
		}
		// Nothing may end its line early or split the request line.
		for _, s := range []string{e.authority, e.target, e.basicAuth} {
			if strings.ContainsAny(s, " \r\n\x00") {
				t.Errorf("%q: %q breaks the head", raw, s)
			}
		}
		if !strings.HasPrefix(e.target, "/") && !strings.HasPrefix(e.target, "?") {
			t.Errorf("%q: target %q", raw, e.target)
		}
	})
}
