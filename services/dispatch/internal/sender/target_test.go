package sender

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// loopback lets tests reach their own servers.
const loopback = "127.0.0.0/8,::1"

// newSender returns a Sender that may reach loopback, closed with the test.
func newSender(t testing.TB, config Config) *Sender {
	t.Helper()
	if config.Allow.String() == "" {
		config.Allow = allow(t, loopback)
	}
	s := New(config)
	t.Cleanup(s.Close)
	return s
}

// listen serves raw TCP: each connection runs serve and is closed after it. It
// returns the URL. The test waits for all of them.
func listen(t testing.TB, serve func(c net.Conn, r *bufio.Reader)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	conns := []net.Conn{}
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			wg.Go(func() {
				defer func() { _ = c.Close() }()
				serve(c, bufio.NewReader(c))
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return "http://" + l.Addr().String()
}

// answer returns a server that reads one request per connection, writes text
// and hangs up when the client does.
func answer(text string) func(net.Conn, *bufio.Reader) {
	return func(c net.Conn, r *bufio.Reader) {
		if readRequest(r) != nil {
			return
		}
		_, _ = io.WriteString(c, text)
		_, _ = io.Copy(io.Discard, r)
	}
}

// answerAndClose is answer that hangs up at once.
func answerAndClose(text string) func(net.Conn, *bufio.Reader) {
	return func(c net.Conn, r *bufio.Reader) {
		if readRequest(r) == nil {
			_, _ = io.WriteString(c, text)
		}
	}
}

// reset makes the close that follows abort the connection.
func reset(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }

// readRequest consumes a whole request.
func readRequest(r *bufio.Reader) error {
	req, err := http.ReadRequest(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, req.Body)
	return err
}

// wantFailure checks kind and stage of a failed attempt.
func wantFailure(t *testing.T, err error, kind Kind, stage Stage) *Failure {
	t.Helper()
	var f *Failure
	if !errors.As(err, &f) {
		t.Fatalf("error = %v, want a Failure", err)
	}
	if f.Kind != kind || f.Stage != stage {
		t.Fatalf("failure = %s at %s (%v), want %s at %s", f.Kind, f.Stage, err, kind, stage)
	}
	return f
}

// send is Send with a timeout that no healthy attempt reaches.
func send(t *testing.T, s *Sender, req Request) (Response, error) {
	t.Helper()
	if req.Timeout == 0 {
		req.Timeout = time.Minute
	}
	return s.Send(t.Context(), req)
}

// resolver answers every name with what answers returns for it.
func resolver(answers func(name string) []netip.Addr) *net.Resolver {
	return &net.Resolver{
		PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go serveDNS(server, answers)
			return client, nil
		},
	}
}

// serveDNS speaks DNS over a stream until the other end closes.
func serveDNS(c net.Conn, answers func(name string) []netip.Addr) {
	defer func() { _ = c.Close() }()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		query := make([]byte, int(size[0])<<8|int(size[1]))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		reply, err := dnsReply(query, answers)
		if err != nil {
			return
		}
		if _, err := c.Write(append([]byte{byte(len(reply) >> 8), byte(len(reply))}, reply...)); err != nil {
			return
		}
	}
}

func dnsReply(query []byte, answers func(name string) []netip.Addr) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	for _, q := range m.Questions {
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		for _, addr := range answers(q.Name.String()) {
			switch {
			case q.Type == dnsmessage.TypeA && addr.Is4():
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: addr.As4()}})
			case q.Type == dnsmessage.TypeAAAA && addr.Is6():
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
			}
		}
	}
	return m.Pack()
}

// discardLog keeps the handshakes that are meant to fail out of the output.
func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

// echo answers with the request's body, after it has read it all: Go's server
// cuts a body off when its handler answers before.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = w.Write(body)
}
