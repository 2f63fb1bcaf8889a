package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// call is what a target got.
type call struct {
	header http.Header
	body   []byte
}

// json returns the body.
func (c call) json(t *testing.T) (o object) {
	t.Helper()
	if err := json.Unmarshal(c.body, &o); err != nil {
		t.Fatalf("%v: %q", err, c.body)
	}
	return o
}

// answering says what a target answers to its n-th call, from 1.
type answering func(n int, body []byte) (status int, text string)

// receiver is the other side of HTTP targets.
type receiver struct {
	url string

	mu      sync.Mutex
	calls   map[string][]call // by path
	answers map[string]answering
}

func startReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{calls: map[string][]call{}, answers: map[string]answering{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// answer sets what a path answers from now on; without, it is 200 and nothing.
func (r *receiver) answer(path string, a answering) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[path] = a
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the caller went away
	}
	r.mu.Lock()
	r.calls[req.URL.Path] = append(r.calls[req.URL.Path], call{req.Header.Clone(), body})
	n, a := len(r.calls[req.URL.Path]), r.answers[req.URL.Path]
	r.mu.Unlock()
	if a == nil {
		return
	}
	status, text := a(n, body)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the caller went away
}

// got returns what a path has got.
func (r *receiver) got(path string) []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]call(nil), r.calls[path]...)
}

// last returns the latest call of a path.
func (r *receiver) last(t *testing.T, path string) call {
	t.Helper()
	calls := r.got(path)
	if len(calls) == 0 {
		t.Fatalf("%s was not called", path)
	}
	return calls[len(calls)-1]
}

// stranger is a service that serves a target on a subject of its own, with a
// NATS client and nothing of ours.
type stranger struct {
	mu    sync.Mutex
	calls []call
}

const strangersSubject = "story.enrich"

// startStranger has every message answered with the request it holds and one
// member more.
func startStranger(t *testing.T, nc *nats.Conn) *stranger {
	t.Helper()
	s := &stranger{}
	_, err := nc.QueueSubscribe(strangersSubject, "story", func(m *nats.Msg) {
		s.mu.Lock()
		defer s.mu.Unlock()
		header := http.Header{}
		for name := range m.Header { // NATS keeps the case of names, HTTP does not
			header.Set(name, m.Header.Get(name))
		}
		s.calls = append(s.calls, call{header, m.Data})
		var envelope struct{ Request object }
		if json.Unmarshal(m.Data, &envelope) != nil {
			return
		}
		envelope.Request["enriched"] = true
		if answer, err := json.Marshal(envelope.Request); err == nil {
			_ = m.Respond(answer)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stranger) got() []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]call(nil), s.calls...)
}

// verify checks both signatures of a call.
func verify(t *testing.T, c call, key string) {
	t.Helper()
	for _, err := range unverified(c, key) {
		t.Error(err)
	}
}

// unverified returns what is wrong with the signatures of a call. It checks as
// a receiver would: ZITADEL's by hand, as its documentation shows, that of
// Standard Webhooks by their own library.
func unverified(c call, key string) (problems []error) {
	var time, signature string
	for part := range strings.SplitSeq(c.header.Get("ZITADEL-Signature"), ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			time = value
		case "v1":
			signature = value
		}
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(time + "."))
	mac.Write(c.body)
	if want := hex.EncodeToString(mac.Sum(nil)); signature != want {
		problems = append(problems, fmt.Errorf("ZITADEL-Signature is %q, want v1=%s", c.header.Get("ZITADEL-Signature"), want))
	}
	for name, secret := range map[string]string{"documented": "whsec_" + base64.StdEncoding.EncodeToString([]byte(key)), "pasted": key} {
		webhook, err := standardwebhooks.NewWebhook(secret)
		if err == nil {
			err = webhook.Verify(c.body, c.header)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s secret: %w", name, err))
		}
	}
	return problems
}
