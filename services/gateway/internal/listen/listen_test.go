package listen_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/services/gateway/internal/listen"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// certificate returns a server's TLS configuration and one of a client that
// trusts it.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	server = &tls.Config{Certificates: s.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}
	return server, s.Client().Transport.(*http.Transport).TLSClientConfig
}

func open(t *testing.T, tlsConfig *tls.Config) *listen.Port {
	t.Helper()
	p, err := listen.New(t.Context(), listen.Config{Addr: "127.0.0.1:0", TLS: tlsConfig})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		for _, l := range []net.Listener{p.HTTP1, p.HTTP2} {
			for {
				conn, err := l.Accept()
				if err != nil {
					break
				}
				_ = conn.Close()
			}
		}
	})
	return p
}

func dial(t *testing.T, p *listen.Port) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// wantText accepts a connection and reads what the client wrote, peeked bytes
// included.
func wantText(t *testing.T, l net.Listener, want string) net.Conn {
	t.Helper()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	return conn
}

// wantClosed waits until the other side has closed.
func wantClosed(t *testing.T, conn net.Conn) {
	t.Helper()
	if n, err := io.Copy(io.Discard, conn); n != 0 {
		t.Errorf("got %d bytes, %v", n, err)
	}
}

func write(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Error(err)
	}
}

const (
	preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	get     = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
)

func TestClearText(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text  string
		http2 bool
	}{
		"HTTP1": {get, false}, "HTTP2": {preface, true}, "PROPFIND": {"PROPFIND / HTTP/1.1\r\n", false}, "Garbage": {"\x00\x01", false}, "OneByte": {"G", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open(t, nil)
			write(t, dial(t, p), tc.text)
			if tc.http2 {
				wantText(t, p.HTTP2, tc.text)
				return
			}
			wantText(t, p.HTTP1, tc.text)
		})
	}
	t.Run("PrefaceByteByByte", func(t *testing.T) {
		t.Parallel()
		p := open(t, nil)
		conn := dial(t, p)
		for _, b := range strings.Split(preface, "") {
			write(t, conn, b)
		}
		wantText(t, p.HTTP2, preface)
	})
	t.Run("TLSWithoutACertificate", func(t *testing.T) {
		t.Parallel()
		p := open(t, nil)
		_, client := certificate(t)
		if err := tls.Client(dial(t, p), client).HandshakeContext(t.Context()); err == nil {
			t.Error("shook hands")
		}
	})
}

func TestTLSBesideClearText(t *testing.T) {
	t.Parallel()
	server, client := certificate(t)
	for name, tc := range map[string]struct {
		offered []string
		want    string // protocol agreed upon
		text    string
		http2   bool
	}{
		"HTTP1":           {[]string{"http/1.1"}, "http/1.1", get, false},
		"HTTP2":           {[]string{"h2", "http/1.1"}, "h2", preface, true},
		"NoALPN":          {nil, "", get, false},
		"PrefaceSansALPN": {nil, "", preface, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open(t, server)
			config := client.Clone()
			config.NextProtos, config.ServerName = tc.offered, "example.com"
			conn := tls.Client(dial(t, p), config)
			write(t, conn, tc.text)
			if got := conn.ConnectionState().NegotiatedProtocol; got != tc.want {
				t.Errorf("agreed upon %q", got)
			}
			if tc.http2 {
				wantText(t, p.HTTP2, tc.text)
			} else {
				wantText(t, p.HTTP1, tc.text)
			}
			write(t, dial(t, p), get)
			wantText(t, p.HTTP1, get)
		})
	}
	t.Run("GarbageInPlaceOfAHandshake", func(t *testing.T) {
		t.Parallel()
		p := open(t, server)
		conn := dial(t, p)
		write(t, conn, "\x16garbage that is no handshake at all")
		if alert, err := io.ReadAll(conn); err == nil && len(alert) > 16 {
			t.Errorf("got %q", alert)
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	var clients sync.WaitGroup
	for i := range 300 { // more than wait to be accepted
		conn := dial(t, p)
		clients.Go(func() { write(t, conn, fmt.Sprintf("G%03d\n", i)) })
	}
	var got []string
	for range 300 {
		conn, err := p.HTTP1.Accept()
		if err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, line)
		_ = conn.Close()
	}
	clients.Wait()
	slices.Sort(got)
	if len(slices.Compact(got)) != 300 {
		t.Errorf("got %d different lines", len(got))
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	t.Run("EndsSilentConnections", func(t *testing.T) {
		t.Parallel()
		server, client := certificate(t)
		p := open(t, server)
		silent, half := dial(t, p), dial(t, p)
		write(t, half, "PR")
		config := client.Clone()
		config.ServerName = "example.com"
		mute := tls.Client(dial(t, p), config)
		if err := mute.HandshakeContext(t.Context()); err != nil { // and then nothing
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		wantClosed(t, silent)
		wantClosed(t, half)
		wantClosed(t, mute)
	})
	t.Run("HearsOutWhoHasJustConnected", func(t *testing.T) {
		t.Parallel()
		p := open(t, nil)
		conn := dial(t, p)
		write(t, conn, "G") // which has been looked at when the port closes
		closed := make(chan error, 1)
		go func() { closed <- p.Close() }()
		write(t, conn, strings.TrimPrefix(get, "G"))
		wantText(t, p.HTTP1, get)
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
	t.Run("LeavesWhatWasHandedOver", func(t *testing.T) {
		t.Parallel()
		p := open(t, nil)
		client := dial(t, p)
		write(t, client, get)
		server := wantText(t, p.HTTP1, get)
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		write(t, client, "more")
		if got := make([]byte, 4); true {
			if _, err := io.ReadFull(server, got); err != nil || string(got) != "more" {
				t.Errorf("got %q, %v", got, err)
			}
		}
	})
	t.Run("RefusesNewConnections", func(t *testing.T) {
		t.Parallel()
		p := open(t, nil)
		for range 2 { // a second time is harmless
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if conn, err := net.Dial("tcp", p.Addr().String()); err == nil {
			_ = conn.Close()
			t.Error("connected")
		}
		for _, l := range []net.Listener{p.HTTP1, p.HTTP2} {
			if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v", err)
			}
		}
	})
	t.Run("WhileConnectionsCome", func(t *testing.T) {
		t.Parallel()
		p := open(t, nil)
		var clients sync.WaitGroup
		for range 50 {
			clients.Go(func() {
				conn, err := net.Dial("tcp", p.Addr().String())
				if err != nil {
					return
				}
				_, _ = io.WriteString(conn, get)
				_ = conn.Close()
			})
		}
		if conn, err := p.HTTP1.Accept(); err == nil {
			_ = conn.Close()
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		clients.Wait()
	})
}

func TestLinger(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	client := dial(t, p)
	write(t, client, get)
	conn := wantText(t, p.HTTP1, get)
	write(t, conn, "refused")
	listen.Linger(conn)
	var closing sync.WaitGroup
	closing.Go(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	write(t, client, strings.Repeat("x", 4<<20)) // far more than buffers hold
	if got, err := io.ReadAll(client); err != nil || string(got) != "refused" {
		t.Errorf("got %q, %v", got, err)
	}
	_ = client.Close()
	closing.Wait()
}
