package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// newHTTP2 serves HTTP/2 with prior knowledge: the port has taken off the TLS.
// There is no WriteTimeout, which would bound the whole call; instead a client
// that takes no bytes, or does not answer pings, is cut off. Once stopping is
// done, clients have SendGrace to finish what they are sending.
func (s *Service) newHTTP2(stopping context.Context) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:        hurried(stopping, s.cfg.SendGrace, s.handler),
		Protocols:      protocols,
		ReadTimeout:    s.cfg.RequestTimeout,
		IdleTimeout:    2 * s.cfg.RequestTimeout,
		MaxHeaderBytes: s.cfg.MaxHeader,
		ErrorLog:       slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: s.cfg.MaxStreams,
			SendPingTimeout:      s.cfg.RequestTimeout,
			WriteByteTimeout:     s.cfg.RequestTimeout,
		},
	}
}

// hurried bounds by grace how long the bodies of requests may go on arriving
// once stopping is done.
func hurried(stopping context.Context, grace time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			next.ServeHTTP(w, r)
			return
		}
		hurry := make(chan struct{})
		stop := context.AfterFunc(stopping, func() {
			defer close(hurry)
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(grace)) // a broken one ends by itself
		})
		defer func() {
			if !stop() {
				<-hurry // it must not outlive the response writer
			}
		}()
		next.ServeHTTP(w, r)
	})
}
