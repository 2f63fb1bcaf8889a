package gateway

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/health"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/services/gateway/internal/edge"
	"github.com/actionplane/actionplane/services/gateway/internal/reference"
	"github.com/actionplane/actionplane/services/gateway/internal/rest"
	"github.com/actionplane/actionplane/services/gateway/internal/rpc"
)

// routes is everything behind the port: what all answers have in common, and
// then RPCs, our own pages, and REST.
func (s *Service) routes(deps host.Deps, restHandler, docs http.Handler, door *edge.Door) http.Handler {
	s.rpc = rpc.New(rpc.Config{
		MaxRequest: s.cfg.MaxRequest,
		Ready:      func(ctx context.Context) bool { return deps.Health.Ready(ctx).Ready() },
	}, door)
	own := map[string]http.Handler{
		health.LivePath: deps.Health, health.ReadyPath: deps.Health,
		reference.DocumentPath: docs, reference.PagePath: docs,
	}
	if s.cfg.PublicMetrics {
		own["/metrics"] = deps.Telemetry.MetricsHandler()
	}
	return named(s.cfg.cors().Wrap(s.bounded(own, s.dispatch(restHandler))))
}

// dispatch tells RPCs and REST apart. It is no ServeMux, which would redirect
// paths that are not clean.
func (s *Service) dispatch(restHandler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Cache-Control"] = noStore // many an answer holds a secret
		if protocol := rpc.Protocol(r); protocol != "" {
			s.limits.serve(w, r, protocol, s.rpc, s.rpc.Refuse)
			return
		}
		s.limits.serve(w, r, edge.ProtocolREST, restHandler, rest.Refuse)
	})
}

var noStore = []string{"no-store"}

// bounded answers with our own pages always, and with next while there are not
// too many requests at once.
func (s *Service) bounded(own map[string]http.Handler, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handler, ok := own[r.URL.Path]; ok {
			handler.ServeHTTP(w, r)
			return
		}
		defer s.inFlight.Add(-1)
		if s.inFlight.Add(1) > int64(s.cfg.MaxInFlight) {
			s.refuse(w, r, fault.Unavailable("too many requests at once").WithRetryAfter(time.Second))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuse answers with e in the protocol of r.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, e *fault.Error) {
	if rpc.Protocol(r) != "" {
		s.rpc.Refuse(w, r, e)
		return
	}
	rest.Refuse(w, r, e)
}

// maxRequestID bounds in bytes what is taken over from a client.
const maxRequestID = 128

// named gives every request a name, the client's own if it has a sound one,
// and tells it in the answer.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(edge.RequestID)
		if !isRequestID(id) {
			id = rand.Text()
			r.Header[edge.RequestID] = []string{id}
		}
		w.Header()[edge.RequestID] = []string{id}
		next.ServeHTTP(w, r)
	})
}

// isRequestID reports whether an id is fit for a log line and a header.
func isRequestID(id string) bool {
	return id != "" && len(id) <= maxRequestID && strings.IndexFunc(id, func(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' }) < 0
}
