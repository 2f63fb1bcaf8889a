package health

import (
	"encoding/json"
	"net/http"
)

// The paths that Checks serves.
const (
	LivePath  = "/healthz"
	ReadyPath = "/readyz"
)

// body is the JSON of both paths.
type body struct {
	Status  string            `json:"status"` // ok, failing or draining
	Failing []string          `json:"failing,omitempty"`
	Checks  map[string]string `json:"checks,omitempty"`
}

// ServeHTTP answers LivePath and ReadyPath with 200 or 503, other paths with
// 404.
func (c *Checks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case LivePath:
		write(w, http.StatusOK, body{Status: "ok"})
	case ReadyPath:
		status, b := c.Ready(r.Context()).answer()
		write(w, status, b)
	default:
		http.NotFound(w, r)
	}
}

func (r Report) answer() (int, body) {
	b := body{Status: "ok", Failing: r.Failing(), Checks: r.Checks}
	switch {
	case r.Draining:
		b.Status = "draining"
	case len(b.Failing) > 0:
		b.Status = "failing"
	default:
		return http.StatusOK, b
	}
	return http.StatusServiceUnavailable, b
}

func write(w http.ResponseWriter, status int, b body) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(b) // the prober hung up; nobody is left to tell
}
