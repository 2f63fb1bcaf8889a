package sender

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"Length":       okHead + "2\r\n\r\nhi",
		"Empty":        okHead + "0\r\n\r\n",
		"Chunked":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\nh\r\n1;ext=1\r\ni\r\n0\r\nTrailer: x\r\n\r\n",
		"NoContent":    "HTTP/1.1 204 No Content\r\n\r\n",
		"NotModified":  "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
		"AfterInterim": "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + okHead + "0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := twice(t, Config{}, text)
			if first.Reused || !second.Reused {
				t.Errorf("reused: %t, %t", first.Reused, second.Reused)
			}
		})
	}
}

// TestConnectionsOutliveTheDeadlineOfTheirLastAttempt: what is kept unused for
// longer than that is still good.
func TestConnectionsOutliveTheDeadlineOfTheirLastAttempt(t *testing.T) {
	t.Parallel()
	url := listen(t, func(c net.Conn, r *bufio.Reader) {
		for readRequest(r) == nil {
			_, _ = io.WriteString(c, okHead+"0\r\n\r\n")
		}
	})
	s := newSender(t, Config{})
	for i := range 3 {
		resp, err := send(t, s, Request{URL: url})
		if err != nil || resp.Reused != (i > 0) {
			t.Fatalf("attempt %d: reused %t, %v", i, resp.Reused, err)
		}
		for _, l := range s.pool.lanes {
			for _, c := range l.idle {
				_ = c.SetDeadline(time.Unix(1, 0))
			}
		}
	}
}

func TestConnectionsAreNotReused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"WhenTheTargetSaysClose":      "HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 0\r\n\r\n",
		"WithOldHTTP":                 "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
		"WithBytesBeyondTheAnswer":    okHead + "1\r\n\r\nxHTTP/1.1 200 OK\r\n",
		"WithTwoFramings":             "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"WhenTheTargetKeepsThemABlip": "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1, max=9\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, second := twice(t, Config{}, text); second.Reused {
				t.Error("reused")
			}
		})
	}
}

// twice sends two requests in a row to a target that answers text each time.
func twice(t *testing.T, config Config, text string) (first, second Response) {
	t.Helper()
	url := listen(t, func(c net.Conn, r *bufio.Reader) {
		for readRequest(r) == nil {
			_, _ = io.WriteString(c, text)
		}
	})
	s := newSender(t, config)
	first, err := send(t, s, Request{URL: url, Body: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	second, err = send(t, s, Request{URL: url, Body: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	return first, second
}

func TestAConnectionThatTheTargetClosedIsNotUsed(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 1)
	var requests atomic.Int32
	url := listen(t, func(c net.Conn, r *bufio.Reader) {
		if readRequest(r) == nil {
			requests.Add(1)
			_, _ = io.WriteString(c, okHead+"0\r\n\r\n")
			_ = c.Close()
			closed <- struct{}{}
		}
	})
	s := newSender(t, Config{})
	for range 3 {
		resp, err := send(t, s, Request{URL: url, Body: []byte("{}")})
		if err != nil || resp.Reused {
			t.Fatalf("reused = %t, %v", resp.Reused, err)
		}
		<-closed // on loopback the close has arrived when it returned
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("the target saw %d requests, want 3", n)
	}
}

func TestAPostThatMayHaveArrivedIsNotSentAgain(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	url := listen(t, func(c net.Conn, r *bufio.Reader) {
		for n := 0; readRequest(r) == nil; n++ {
			requests.Add(1)
			if n == 1 {
				return // took the second request, hangs up without a word
			}
			_, _ = io.WriteString(c, okHead+"0\r\n\r\n")
		}
	})
	s := newSender(t, Config{})
	if _, err := send(t, s, Request{URL: url}); err != nil {
		t.Fatal(err)
	}
	_, err := send(t, s, Request{URL: url})
	if f := wantFailure(t, err, KindReset, StageHead); !f.Reused {
		t.Error("the failure does not say that the connection was a kept one")
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("the target saw %d requests, want 2", n)
	}
}

// deafConn refuses every write, as a socket that was closed beneath us.
type deafConn struct{ net.Conn }

func (deafConn) Write([]byte) (int, error) { return 0, net.ErrClosed }

func TestAKeptConnectionThatTakesNoByteIsReplaced(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	url := listen(t, func(c net.Conn, r *bufio.Reader) {
		for readRequest(r) == nil {
			requests.Add(1)
			_, _ = io.WriteString(c, okHead+"0\r\n\r\n")
		}
	})
	s := newSender(t, Config{})
	if _, err := send(t, s, Request{URL: url}); err != nil {
		t.Fatal(err)
	}
	for _, l := range s.pool.lanes {
		l.idle[0].Conn = deafConn{l.idle[0].Conn}
	}
	resp, err := send(t, s, Request{URL: url})
	if err != nil || resp.Reused || requests.Load() != 2 {
		t.Errorf("reused = %t, %d requests, %v", resp.Reused, requests.Load(), err)
	}
}

func TestBrokenAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		serve func(net.Conn, *bufio.Reader)
		kind  Kind
		stage Stage
	}{
		{"ClosedWithoutAnAnswer", answerAndClose(""), KindReset, StageHead},
		{"ClosedInTheStatusLine", answerAndClose("HTTP/1.1 2"), KindReset, StageHead},
		{"ClosedInTheHeaders", answerAndClose("HTTP/1.1 200 OK\r\nA: b\r\n"), KindReset, StageHead},
		{"ClosedInTheBody", answerAndClose(okHead + "10\r\n\r\n123"), KindReset, StageBody},
		{"ClosedInAChunk", answerAndClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n123"), KindReset, StageBody},
		{"ClosedBeforeTheLastChunk", answerAndClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n"), KindReset, StageBody},
		{"ClosedBeforeTheTrailer", answerAndClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"), KindReset, StageBody},
		{"ResetInTheBody", func(c net.Conn, r *bufio.Reader) {
			reset(c)
			answerAndClose(okHead+"10\r\n\r\n123")(c, r)
		}, KindReset, StageBody},
		{"Garbage", answer("\x00\x01\x02 garbage\r\n\r\n"), KindMalformed, StageHead},
		{"AnotherProtocol", answer("SSH-2.0-OpenSSH_9.9\r\n"), KindMalformed, StageHead},
		{"TLSAnswerToPlainHTTP", answer("\x15\x03\x01\x00\x02\x02\x0a\n"), KindMalformed, StageHead},
		{"SwitchedProtocols", answer("HTTP/1.1 101 Switching Protocols\r\n\r\n"), KindMalformed, StageHead},
		{"InterimForEver", answer(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 10)), KindMalformed, StageHead},
		{"TwoLengths", answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12"), KindMalformed, StageHead},
		{"NegativeLength", answer(okHead + "-1\r\n\r\n"), KindMalformed, StageHead},
		{"HugeLength", answer(okHead + "99999999999999999999\r\n\r\n"), KindMalformed, StageHead},
		{"UnknownTransferEncoding", answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), KindMalformed, StageHead},
		{"FoldedHeader", answer("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"), KindMalformed, StageHead},
		{"BlankBeforeColon", answer("HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n"), KindMalformed, StageHead},
		{"BadChunkSize", answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), KindMalformed, StageBody},
		{"BareLineFeedBehindTheChunks", answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\n"), KindMalformed, StageBody},
		{"NamelessTrailer", answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx\r\n\r\n"), KindMalformed, StageBody},
		{"ControlCharacterInAHeader", answer("HTTP/1.1 200 OK\r\nA: \x13\r\n\r\n"), KindMalformed, StageHead},
		{"BadChunkEnd", answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz"), KindMalformed, StageBody},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			resp, err := send(t, newSender(t, Config{}), Request{URL: listen(t, c.serve), Body: []byte("{}")})
			_ = wantFailure(t, err, c.kind, c.stage)
			if resp.Body != nil {
				t.Errorf("body = %q", resp.Body)
			}
		})
	}
}

func TestAnAnswerBeforeTheRequestWasReadCounts(t *testing.T) {
	t.Parallel()
	url := listen(t, func(c net.Conn, r *bufio.Reader) {
		_, _ = r.ReadSlice('\n')
		_, _ = io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		_ = c.(*net.TCPConn).CloseWrite()
		_ = c.(*net.TCPConn).CloseRead()
	})
	resp, err := send(t, newSender(t, Config{}), Request{URL: url, Body: make([]byte, 64<<20)})
	// Whether the answer or the reset arrives first is the network's choice;
	// what must not happen is success, or a failure of another kind.
	if err != nil {
		_ = wantFailure(t, err, KindReset, StageWrite)
	} else if resp.Status != 413 {
		t.Errorf("status = %d", resp.Status)
	}
}

func TestAddressesAreJudgedWhenTheyAreDialed(t *testing.T) {
	t.Parallel()
	hit := func(t *testing.T) string {
		return listen(t, func(net.Conn, *bufio.Reader) { t.Error("a denied target was connected to") })
	}
	t.Run("LiteralsOfEveryKind", func(t *testing.T) {
		t.Parallel()
		_, port, _ := strings.Cut(strings.TrimPrefix(hit(t), "http://"), ":")
		s := New(Config{})
		t.Cleanup(s.Close)
		for host, rule := range map[string]string{
			"127.0.0.1": "127.0.0.0/8 (loopback)", "[::1]": "::1/128 (loopback)", "127.0.0.1.": "loopback",
			"[::ffff:127.0.0.1]": "loopback", "[::ffff:7f00:1]": "loopback", "[::]": "unspecified", "0.0.0.0": "unspecified",
			"0x7f.1": "odd notation", "0x7f000001": "odd notation", "2130706433": "odd notation", "0177.1": "odd notation", "0177.0.0.1": "odd notation", "127.1": "odd notation",
			"10.0.0.1": "private", "172.31.0.1": "private", "192.168.1.1": "private", "100.64.0.1": "carrier-grade NAT", "198.18.0.1": "benchmarking",
			"169.254.169.254": "cloud metadata", "169.254.1.1": "link-local", "[fe80::1%25lo]": "link-local", "[fd00:ec2::254]": "cloud metadata", "[fc00::1]": "unique local",
			"metadata.google.internal": "metadata", "METADATA.google.internal.": "metadata",
			"[64:ff9b::7f00:1]": "NAT64", "[64:ff9b:1::a00:1]": "NAT64", "[2002:7f00:1::1]": "6to4", "[2001:0:4136:e378:8000:63bf:80ff:fffe]": "Teredo", "[::127.0.0.1]": "IPv4-compatible",
			"224.0.0.1": "multicast", "[ff02::1]": "multicast", "255.255.255.255": "broadcast", "240.0.0.1": "reserved",
		} {
			_, err := send(t, s, Request{URL: "http://" + host + ":" + port})
			var f *Failure
			if !errors.As(err, &f) || f.Kind != KindDenied || !strings.Contains(err.Error(), rule) {
				t.Errorf("%s: %v, want a denial that says %q", host, err, rule)
			}
		}
	})
	t.Run("OneOfSeveralAddressesIsPrivate", func(t *testing.T) {
		t.Parallel()
		_, port, _ := strings.Cut(strings.TrimPrefix(hit(t), "http://"), ":")
		s := New(Config{Resolver: resolver(func(string) []netip.Addr {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("::1")}
		})})
		t.Cleanup(s.Close)
		_, err := send(t, s, Request{URL: "http://evil.test:" + port})
		_ = wantFailure(t, err, KindDenied, StageConnect)
	})
	t.Run("ANameThatResolvesToLoopback", func(t *testing.T) {
		t.Parallel()
		_, port, _ := strings.Cut(strings.TrimPrefix(hit(t), "http://"), ":")
		for _, addr := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254"} {
			s := New(Config{Resolver: resolver(func(string) []netip.Addr { return []netip.Addr{netip.MustParseAddr(addr)} })})
			t.Cleanup(s.Close)
			_, err := send(t, s, Request{URL: "http://evil.test:" + port})
			_ = wantFailure(t, err, KindDenied, StageConnect)
			if !strings.Contains(err.Error(), "EXEC-N5lu09") {
				t.Errorf("error = %v", err)
			}
		}
	})
	t.Run("ANameThatRebindsIsJudgedAtEveryDial", func(t *testing.T) {
		t.Parallel()
		url := listen(t, answerAndClose("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"))
		_, port, _ := strings.Cut(strings.TrimPrefix(url, "http://"), ":")
		var rebound atomic.Bool
		s := newSender(t, Config{Allow: allow(t, "127.0.0.1"), Resolver: resolver(func(string) []netip.Addr {
			if rebound.Load() {
				return []netip.Addr{netip.MustParseAddr("127.0.0.2")}
			}
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}
		})})
		if _, err := send(t, s, Request{URL: "http://rebind.test:" + port}); err != nil {
			t.Fatal(err)
		}
		rebound.Store(true)
		_, err := send(t, s, Request{URL: "http://rebind.test:" + port})
		_ = wantFailure(t, err, KindDenied, StageConnect)
	})
	t.Run("AnAllowedNameReachesAPrivateAddress", func(t *testing.T) {
		t.Parallel()
		_, port, _ := strings.Cut(strings.TrimPrefix(listen(t, answer(okHead+"0\r\n\r\n")), "http://"), ":")
		s := newSender(t, Config{Allow: allow(t, "sink.test"), Resolver: resolver(func(string) []netip.Addr {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}
		})})
		if _, err := send(t, s, Request{URL: "http://SINK.test:" + port}); err != nil {
			t.Error(err)
		}
		_, err := send(t, s, Request{URL: "http://other.test:" + port})
		_ = wantFailure(t, err, KindDenied, StageConnect)
	})
	t.Run("AConnectionOfAnExemptTargetServesNoOther", func(t *testing.T) {
		t.Parallel()
		url := listen(t, answer(okHead+"0\r\n\r\n"))
		s := New(Config{})
		t.Cleanup(s.Close)
		if _, err := send(t, s, Request{URL: url, Allow: allow(t, loopback)}); err != nil {
			t.Fatal(err)
		}
		_, err := send(t, s, Request{URL: url})
		_ = wantFailure(t, err, KindDenied, StageConnect)
	})
	t.Run("AnUnknownNameIsADialFailure", func(t *testing.T) {
		t.Parallel()
		s := newSender(t, Config{Resolver: resolver(func(string) []netip.Addr { return nil })})
		_, err := send(t, s, Request{URL: "http://nowhere.test"})
		_ = wantFailure(t, err, KindDial, StageConnect)
	})
	t.Run("IPv6", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp6", "[::1]:0")
		if err != nil {
			t.Skip("no IPv6 here")
		}
		server := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) })}}
		server.Start()
		t.Cleanup(server.Close)
		resp, err := send(t, newSender(t, Config{}), Request{URL: server.URL})
		if err != nil || string(resp.Body) != l.Addr().String() {
			t.Errorf("host = %q, %v", resp.Body, err)
		}
	})
}

func TestTLS(t *testing.T) {
	t.Parallel()
	newServer := func(t *testing.T, config *tls.Config) *httptest.Server {
		server := httptest.NewUnstartedServer(http.HandlerFunc(echo))
		server.Config.ErrorLog = discardLog()
		server.TLS = config
		server.StartTLS()
		t.Cleanup(server.Close)
		return server
	}
	trusted := func(server *httptest.Server) Config {
		pool := x509.NewCertPool()
		pool.AddCert(server.Certificate())
		return Config{RootCAs: pool}
	}
	t.Run("VerifiesAndReuses", func(t *testing.T) {
		t.Parallel()
		server := newServer(t, nil)
		s := newSender(t, trusted(server))
		body := bytes.Repeat([]byte("x"), 100_000)
		for i := range 2 {
			resp, err := send(t, s, Request{URL: server.URL, Body: body})
			if err != nil || !bytes.Equal(resp.Body, body) || resp.Reused != (i == 1) || (resp.Timings.TLS > 0) != (i == 0) {
				t.Errorf("attempt %d: reused = %t, %d bytes, %v", i, resp.Reused, len(resp.Body), err)
			}
		}
	})
	t.Run("RefusesAnUnknownAuthority", func(t *testing.T) {
		t.Parallel()
		_, err := send(t, newSender(t, Config{}), Request{URL: newServer(t, nil).URL})
		_ = wantFailure(t, err, KindTLS, StageTLS)
	})
	t.Run("RefusesTheWrongName", func(t *testing.T) {
		t.Parallel()
		server := newServer(t, nil)
		config := trusted(server)
		config.Resolver = resolver(func(string) []netip.Addr { return []netip.Addr{netip.MustParseAddr("127.0.0.1")} })
		_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
		_, err := send(t, newSender(t, config), Request{URL: "https://other.test:" + port})
		_ = wantFailure(t, err, KindTLS, StageTLS)
	})
	t.Run("RefusesOldVersions", func(t *testing.T) {
		t.Parallel()
		server := newServer(t, &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}) // the old version is what is refused
		_, err := send(t, newSender(t, trusted(server)), Request{URL: server.URL})
		_ = wantFailure(t, err, KindTLS, StageTLS)
	})
	t.Run("PlainTextIsNoTLS", func(t *testing.T) {
		t.Parallel()
		url := listen(t, func(c net.Conn, _ *bufio.Reader) { _, _ = io.WriteString(c, okHead) })
		_, err := send(t, newSender(t, Config{}), Request{URL: strings.Replace(url, "http:", "https:", 1)})
		_ = wantFailure(t, err, KindTLS, StageTLS)
	})
	t.Run("ATargetThatDemandsACertificateIsATLSFailure", func(t *testing.T) {
		t.Parallel()
		server := newServer(t, &tls.Config{ClientAuth: tls.RequireAnyClientCert})
		_, err := send(t, newSender(t, trusted(server)), Request{URL: server.URL, Body: []byte("{}")})
		var f *Failure
		// The alert races with the reset that follows the server's close.
		if !errors.As(err, &f) || f.Kind != KindTLS && f.Kind != KindReset {
			t.Errorf("error = %v", err)
		}
	})
}

func TestManyCallersShareFewConnections(t *testing.T) {
	t.Parallel()
	var open, peak atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			if n := open.Add(1); n > peak.Load() {
				peak.Store(n)
			}
		case http.StateClosed:
			open.Add(-1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	s := newSender(t, Config{MaxConnsPerHost: 4})
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			body := bytes.Repeat([]byte{byte('a' + i%26)}, 100+i)
			for range 20 {
				resp, err := s.Send(t.Context(), Request{URL: server.URL, Body: body})
				if err != nil || !bytes.Equal(resp.Body, body) {
					t.Errorf("answer %q, %v", resp.Body, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if n := peak.Load(); n > 4 {
		t.Errorf("%d connections at once, want at most 4", n)
	}
}

func TestPool(t *testing.T) {
	t.Parallel()
	t.Run("ClosesWhatIsKeptTooLongAndForgetsTheLane", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := newPool(Config{IdleTimeout: 30 * time.Second}.withDefaults())
			c := fill(t, p, "a")
			time.Sleep(31 * time.Second) //nolint:forbidigo // the clock of the bubble
			synctest.Wait()
			if _, err := c.Write(nil); err == nil || len(p.lanes) != 0 || p.idle != 0 || p.timer != nil {
				t.Errorf("write: %v; %d lanes, %d idle", err, len(p.lanes), p.idle)
			}
		})
	})
	t.Run("KeepsNoMoreThanItsLimits", func(t *testing.T) {
		t.Parallel()
		p := newPool(Config{MaxIdlePerHost: 1, MaxIdle: 2}.withDefaults())
		defer p.close()
		for _, host := range []string{"a", "a", "b", "c"} {
			fill(t, p, host)
		}
		if p.idle != 2 || len(p.lanes) != 2 {
			t.Errorf("%d idle in %d lanes, want 2 in 2", p.idle, len(p.lanes))
		}
	})
	t.Run("ClosedKeepsNothing", func(t *testing.T) {
		t.Parallel()
		p := newPool(Config{}.withDefaults())
		fill(t, p, "a")
		p.close()
		if p.idle != 0 || len(p.lanes) != 0 {
			t.Errorf("%d idle in %d lanes", p.idle, len(p.lanes))
		}
		if _, err := p.enter(t.Context(), origin{}, time.Now()); err == nil {
			t.Error("entered a closed pool")
		}
	})
}

// fill keeps one connection for host.
func fill(t *testing.T, p *pool, host string) *connection {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _ = theirs.Close() })
	l, err := p.enter(t.Context(), origin{host: host}, time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	defer p.leave(l)
	c, err := newConnection(ours)
	if err != nil {
		t.Fatal(err)
	}
	p.keep(l, c)
	return c
}
