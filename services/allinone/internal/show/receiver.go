package show

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// receiver is a small service of somebody who wants to be asked: it stands for
// the other side of four targets.
type receiver struct {
	server *http.Server
	url    string

	mu   sync.Mutex
	got  map[string][]call // by path
	done chan struct{}
}

// call is one request that the receiver got.
type call struct {
	header http.Header
	body   []byte
}

const (
	auditPath   = "/audit"   // looks on
	policyPath  = "/policy"  // caps how many sessions a page may hold
	welcomePath = "/welcome" // is out of order the first time
	usagePath   = "/usage"   // is out of order
)

// maxPage is the policy.
const maxPage = 100

func startReceiver(ctx context.Context) (*receiver, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + listener.Addr().String(), got: map[string][]call{}, done: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc(auditPath, func(w http.ResponseWriter, req *http.Request) { r.keep(req) })
	mux.HandleFunc(policyPath, r.policy)
	mux.HandleFunc(welcomePath, func(w http.ResponseWriter, req *http.Request) {
		if r.keep(req); len(r.calls(welcomePath)) == 1 {
			http.Error(w, "out of order", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc(usagePath, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "out of order", http.StatusServiceUnavailable)
	})
	r.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		defer close(r.done)
		_ = r.server.Serve(listener) // ends with close
	}()
	return r, nil
}

func (r *receiver) close() {
	_ = r.server.Close()
	<-r.done
}

// keep remembers a request and returns its body.
func (r *receiver) keep(req *http.Request) []byte {
	body, err := io.ReadAll(io.LimitReader(req.Body, 1<<20))
	if err != nil {
		body = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got[req.URL.Path] = append(r.got[req.URL.Path], call{header: req.Header.Clone(), body: body})
	return body
}

func (r *receiver) calls(path string) []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]call(nil), r.got[path]...)
}

// policy answers with the request as it may go on.
func (r *receiver) policy(w http.ResponseWriter, req *http.Request) {
	var envelope struct {
		Request map[string]any `json:"request"`
	}
	if err := json.Unmarshal(r.keep(req), &envelope); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if query, ok := envelope.Request["query"].(map[string]any); ok {
		if limit, _ := query["limit"].(float64); limit > maxPage {
			query["limit"] = maxPage
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(envelope.Request) // the caller went away
}

// verify checks the ZITADEL-Signature of a call, as any receiver would: the
// HMAC over "<time>.<body>" with the key that came with the target.
func verify(c call, key string) error {
	var at, signature string
	for part := range strings.SplitSeq(c.header.Get("ZITADEL-Signature"), ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			at = value
		case "v1":
			signature = value
		}
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(at + "."))
	mac.Write(c.body)
	if want := hex.EncodeToString(mac.Sum(nil)); !hmac.Equal([]byte(signature), []byte(want)) {
		return errors.New("the signature does not verify")
	}
	return nil
}

// wait returns the calls of a path once there are n of them.
func (r *receiver) wait(ctx context.Context, path string, n int) ([]call, error) {
	for {
		if calls := r.calls(path); len(calls) >= n {
			return calls, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
