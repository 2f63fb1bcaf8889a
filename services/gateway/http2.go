package gateway

import (
	"log/slog"
	"net/http"
)

// newHTTP2 serves HTTP/2 with prior knowledge: the port has taken off the TLS.
// There is no WriteTimeout, which would bound the whole call; instead a client
// that takes no bytes, or does not answer pings, is cut off.
func (s *Service) newHTTP2() *http.Server {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:        s.handler,
		Protocols:      protocols,
		ReadTimeout:    s.cfg.RequestTimeout,
		IdleTimeout:    2 * s.cfg.RequestTimeout,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		HTTP2: &http.HTTP2Config{
			SendPingTimeout:  s.cfg.RequestTimeout,
			WriteByteTimeout: s.cfg.RequestTimeout,
		},
	}
}
