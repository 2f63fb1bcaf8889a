package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// illnesses are what sick targets do with a connection after they have read a
// request.
var illnesses = map[string]func(s *sick, c *net.TCPConn){
	"resets": func(_ *sick, c *net.TCPConn) { _ = c.SetLinger(0) },
	"hangs":  func(s *sick, c *net.TCPConn) { s.untilGone(c) },
	"drips": func(s *sick, c *net.TCPConn) {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for _, b := range []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") {
			if _, err := c.Write([]byte{b}); err != nil {
				return
			}
			select {
			case <-tick.C:
			case <-s.closing:
				return
			}
		}
	},
	"floods": func(_ *sick, c *net.TCPConn) {
		const size = 10 << 30
		chunk := make([]byte, 1<<20)
		_, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
		for sent := 0; err == nil && sent < size; sent += len(chunk) {
			if _, err = fmt.Fprintf(c, "%x\r\n", len(chunk)); err == nil {
				_, err = c.Write(append(chunk, "\r\n"...))
			}
		}
	},
	"closesEarly": func(_ *sick, c *net.TCPConn) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":")
	},
	"answersGarbage": func(_ *sick, c *net.TCPConn) {
		_, _ = io.CopyN(c, rand.Reader, 4096)
	},
}

// sick is a target that misbehaves until it is cured.
type sick struct {
	url      string
	target   target
	listener net.Listener
	behave   func(*sick, *net.TCPConn)
	closing  chan struct{}
	work     sync.WaitGroup

	mu    sync.Mutex
	cured bool
	calls int         // while sick
	got   map[int]int // events answered in health
	conns map[net.Conn]bool
}

func newSick(t *testing.T, behave func(*sick, *net.TCPConn)) *sick {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sick{
		url: "http://" + l.Addr().String(), listener: l, behave: behave, closing: make(chan struct{}),
		got: map[int]int{}, conns: map[net.Conn]bool{},
	}
	s.work.Go(s.accept)
	t.Cleanup(s.close)
	return s
}

func (s *sick) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		if tcp, ok := c.(*net.TCPConn); ok && s.keep(c) {
			s.work.Go(func() {
				defer s.drop(c)
				for s.serve(tcp) {
				}
			})
		}
	}
}

// serve takes one request and reports whether another may come.
func (s *sick) serve(c *net.TCPConn) bool {
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return false
	}
	var body envelope
	if json.NewDecoder(req.Body).Decode(&body) != nil {
		return false
	}
	if !s.healthy(body.Payload.N) {
		s.behave(s, c)
		return false
	}
	_, err = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	return err == nil
}

func (s *sick) healthy(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cured {
		s.got[n]++
	} else {
		s.calls++
	}
	return s.cured
}

func (s *sick) cure() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cured = true
}

// seen returns how often it was called while sick, and how many events it has
// answered since.
func (s *sick) seen() (calls, events int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls, len(s.got)
}

// untilGone waits until the other side goes away.
func (s *sick) untilGone(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }

func (s *sick) keep(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closing:
		_ = c.Close()
		return false
	default:
	}
	s.conns[c] = true
	return true
}

func (s *sick) drop(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = c.Close()
	delete(s.conns, c)
}

func (s *sick) close() {
	_ = s.listener.Close()
	s.mu.Lock()
	close(s.closing)
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
}
