package cacheserver_test

import (
	"net"
	"net/url"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/libs/cache/cacheserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T) *cacheserver.Server {
	t.Helper()
	s, err := cacheserver.Start()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestServerIsPrivate(t *testing.T) {
	t.Parallel()
	s := start(t)
	defer s.Close()
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	if ip := net.ParseIP(u.Hostname()); !ip.IsLoopback() {
		t.Errorf("server listens on %s, want loopback", u.Host)
	}
	for _, password := range []string{"", "guess"} {
		client := redis.NewClient(&redis.Options{Addr: u.Host, Password: password, MaxRetries: -1, DialerRetries: 1})
		if err := client.Get(t.Context(), "key").Err(); err == nil || err == redis.Nil { //nolint:errorlint // Nil would be an answer
			t.Errorf("password %q reads: %v", password, err)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestServersHaveDifferentPasswords(t *testing.T) {
	t.Parallel()
	a, b := start(t), start(t)
	defer a.Close()
	defer b.Close()
	if password(t, a) == password(t, b) {
		t.Error("two servers have the same password")
	}
}

func password(t *testing.T, s *cacheserver.Server) string {
	t.Helper()
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	p, _ := u.User.Password()
	if len(p) < 20 {
		t.Errorf("password %q is short", p)
	}
	return p
}

func TestCloseEndsConnections(t *testing.T) {
	t.Parallel()
	s := start(t)
	options, err := redis.ParseURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	options.MaxRetries, options.DialerRetries = -1, 1
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }()
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Error("a closed server answers")
	}
}
