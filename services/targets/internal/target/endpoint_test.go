package target_test

import (
	"net/url"
	"strings"
	"testing"
)

func TestEndpoint(t *testing.T) {
	t.Parallel()
	accepted := []string{
		"https://example.com", "http://localhost:8080/a?b=c", "https://user:pw@example.com/x", "HTTPS://Example.COM",
		"http://127.0.0.1", "http://[::1]:9000/", "http://my_service.internal./hook", "https://xn--bcher-kva.example",
		"action://69629023906488334",
		"nats://billing.hooks", "nats://a", "nats://actionplanes.x", "nats://größe.x",
	}
	for _, raw := range accepted {
		t.Run("Accepts "+raw, func(t *testing.T) {
			t.Parallel()
			c := valid()
			c.Endpoint = raw
			if err := c.Check(); err != nil {
				t.Error(err)
			}
		})
	}
	rejected := []string{
		"example.com", "/hook", "https://", "https:///x", "http:example.com", "ftp://example.com", "https://exa mple.com",
		"https://bücher.example", "https://example.com:0", "https://example.com:65536", "https://example.com:x", "http://%zz", "http://[::1",
		"action://", "action://abc", "action://0123", "action://123/x", "ACTION://123",
		"nats://", "nats://a..b", "nats://.a", "nats://a.", "nats://a.*", "nats://a.>", "nats://a b", "nats://a\x00", "NATS://a",
		"nats://$SYS.REQ.SERVER.PING", "nats://$JS.API.INFO", "nats://_INBOX.x", "nats://_INBOX",
		"nats://actionplane.targets.v1.rpc.delete_target.t", "nats://actionplane",
	}
	for _, raw := range rejected {
		t.Run("Rejects "+raw, func(t *testing.T) {
			t.Parallel()
			c := valid()
			c.Endpoint = raw
			refused(t, c.Check(), "endpoint", "COMMAND-1r2k6qo6wg")
		})
	}
	t.Run("NeverRepeatsCredentials", func(t *testing.T) {
		t.Parallel()
		for _, raw := range []string{"https://user:hunter2@", "https://user:hunter2@%zz", "ftp://user:hunter2@example.com", "hunter2"} {
			c := valid()
			c.Endpoint = raw
			if err := c.Check(); err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q: %v", raw, err)
			}
		}
	})
}

func FuzzEndpoint(f *testing.F) {
	for _, seed := range []string{"https://u:p@example.com:1/x?y#z", "action://1", "nats://a.b", "http://[fe80::1%25en0]/", "", "://", "nats://\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		c := valid()
		c.Endpoint = raw
		if c.Check() != nil || strings.HasPrefix(raw, "action://") {
			return
		}
		if subject, ok := strings.CutPrefix(raw, "nats://"); ok {
			if subject == "" || strings.ContainsAny(subject, "*> \t\r\n\x00") || strings.HasPrefix(subject, "$") {
				t.Fatalf("accepted %q", raw)
			}
			return
		}
		if u, err := url.Parse(raw); err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
			t.Fatalf("accepted %q", raw)
		}
	})
}
