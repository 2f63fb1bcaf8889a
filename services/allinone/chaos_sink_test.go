package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// slowAnswer is longer than dispatch holds an event for it.
const slowAnswer = 600 * time.Millisecond

// sink is a healthy target that counts what it gets, and what it should get.
type sink struct {
	url   string
	flaky bool // refuses some events at first
	slow  bool // keeps the same events waiting

	mu       sync.Mutex
	refused  map[int]bool
	accepted []bool // by event
	got      []int  // requests by event
	arrived  int    // events that came at least once
}

func newSink(t *testing.T, events int) *sink {
	t.Helper()
	s := &sink{accepted: make([]bool, events), got: make([]int, events), refused: map[int]bool{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// envelope is what a scenario reads of what targets are sent.
type envelope struct {
	Payload struct{ N int } `json:"event_payload"`
}

func (s *sink) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var body envelope
	if err := json.NewDecoder(req.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if s.slow && body.Payload.N%overSick == 0 {
		<-time.After(slowAnswer)
	}
	if !s.take(body.Payload.N) {
		http.Error(w, "not now", http.StatusServiceUnavailable)
	}
}

// take is false for an event that is refused this time.
func (s *sink) take(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flaky && n%overSick == 0 && !s.refused[n] {
		s.refused[n] = true
		return false
	}
	if s.got[n]++; s.got[n] == 1 {
		s.arrived++
	}
	return true
}

// accept notes that a publisher was told that an event is stored.
func (s *sink) accept(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted[n] = true
}

func (s *sink) distinct() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrived
}

// lost counts what was accepted and never came.
func (s *sink) lost() (lost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, accepted := range s.accepted {
		if accepted && s.got[n] == 0 {
			lost++
		}
	}
	return lost
}

// twice counts what came more than once.
func (s *sink) twice() (twice int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.got {
		if n > 1 {
			twice++
		}
	}
	return twice
}

func portOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}
