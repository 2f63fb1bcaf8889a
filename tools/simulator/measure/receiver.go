package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
)

// receiver is all targets: it answers 200 at once, and on paths that begin with
// /flaky 503 to the first attempts of each delivery.
type receiver struct {
	server *httptest.Server
	got    atomic.Int64 // answered 200

	mu    sync.Mutex
	tries map[string]int // by webhook-id
}

func newReceiver() *receiver {
	r := &receiver{tries: map[string]int{}}
	r.server = httptest.NewServer(r)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if strings.HasPrefix(req.URL.Path, "/flaky") && !r.enough(req.Header.Get("webhook-id")) {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.got.Add(1)
}

func (r *receiver) enough(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries[id]++
	return r.tries[id] > cost.Retried
}
