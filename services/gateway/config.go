package gateway

import (
	"errors"
	"time"
)

// Config is what an operator may set.
type Config struct {
	Addr    string `env:"ACTIONPLANE_ADDR" doc:"public listener: REST, gRPC, gRPC-Web and Connect on one port"`
	TLSCert string `env:"ACTIONPLANE_TLS_CERT" doc:"PEM file of the certificate chain; with it the port speaks TLS beside clear text"`
	TLSKey  string `env:"ACTIONPLANE_TLS_KEY" doc:"PEM file of the certificate's key"`

	MaxRequest     int           `env:"ACTIONPLANE_MAX_REQUEST_BYTES" doc:"largest request body"`
	RequestTimeout time.Duration `env:"ACTIONPLANE_REQUEST_TIMEOUT" doc:"how long a client may take to send a request"`
	AuthTTL        time.Duration `env:"ACTIONPLANE_AUTH_TTL" doc:"how long an answer about a token is remembered, and so the longest a revoked one goes on working"`
	PublicMetrics  bool          `env:"ACTIONPLANE_PUBLIC_METRICS" doc:"serve /metrics on the public port too"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		Addr:           "127.0.0.1:8080",
		MaxRequest:     4 << 20,
		RequestTimeout: 30 * time.Second,
		AuthTTL:        3 * time.Second,
	}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	var problems []error
	if c.Addr == "" {
		problems = append(problems, errors.New("ACTIONPLANE_ADDR is empty"))
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		problems = append(problems, errors.New("ACTIONPLANE_TLS_CERT and ACTIONPLANE_TLS_KEY go together"))
	}
	if c.MaxRequest <= 0 || c.MaxRequest > 64<<20 {
		problems = append(problems, errors.New("ACTIONPLANE_MAX_REQUEST_BYTES must be 1 to 67108864"))
	}
	if c.RequestTimeout <= 0 || c.AuthTTL <= 0 {
		problems = append(problems, errors.New("ACTIONPLANE_REQUEST_TIMEOUT and ACTIONPLANE_AUTH_TTL must be positive"))
	}
	return errors.Join(problems...)
}
