package gateway

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/actionplane/actionplane/services/gateway/internal/cors"
	"github.com/actionplane/actionplane/services/gateway/internal/rate"
)

// Config is what an operator may set.
type Config struct {
	Addr    string `env:"ACTIONPLANE_ADDR" doc:"public listener: REST, gRPC, gRPC-Web and Connect on one port"`
	TLSCert string `env:"ACTIONPLANE_TLS_CERT" doc:"PEM file of the certificate chain; with it the port speaks TLS beside clear text. Read again when it changes"`
	TLSKey  string `env:"ACTIONPLANE_TLS_KEY" doc:"PEM file of the certificate's key"`

	MaxRequest     int           `env:"ACTIONPLANE_MAX_REQUEST_BYTES" doc:"largest request body, whatever its content type; more is 413, RESOURCE_EXHAUSTED"`
	MaxHeader      int           `env:"ACTIONPLANE_MAX_HEADER_BYTES" doc:"largest request header, on HTTP/1.1 the request line included; more is 431"`
	MaxConnections int           `env:"ACTIONPLANE_MAX_CONNECTIONS" doc:"most connections at once; more are closed"`
	MaxStreams     int           `env:"ACTIONPLANE_MAX_STREAMS" doc:"most requests at once on one HTTP/2 connection; more wait"`
	MaxInFlight    int           `env:"ACTIONPLANE_MAX_IN_FLIGHT" doc:"most requests at once; more are 503, UNAVAILABLE"`
	RequestTimeout time.Duration `env:"ACTIONPLANE_REQUEST_TIMEOUT" doc:"how long a client may take to send a request"`
	LameDuck       time.Duration `env:"ACTIONPLANE_LAME_DUCK" doc:"how long a stopping process still takes calls, says that it is not ready, and closes each connection behind its answer, so that clients are gone when the port closes; less than ACTIONPLANE_DRAIN_TIMEOUT"`
	SendGrace      time.Duration `env:"ACTIONPLANE_SEND_GRACE" doc:"how long a client may go on sending its request when the process stops; less than ACTIONPLANE_DRAIN_TIMEOUT"`
	AuthTTL        time.Duration `env:"ACTIONPLANE_AUTH_TTL" doc:"how long an answer about a token is remembered, and so the longest a revoked one goes on working"`

	RateLimit      int            `env:"ACTIONPLANE_RATE_LIMIT" doc:"requests a second of one token, over all replicas; more are 429 with Retry-After, RESOURCE_EXHAUSTED; 0: no limit"`
	RateBurst      int            `env:"ACTIONPLANE_RATE_BURST" doc:"requests of one token that may come at once after a quiet time"`
	GuessLimit     int            `env:"ACTIONPLANE_GUESS_LIMIT" doc:"wrong tokens a second from one client address; more, and it may use tokens alone that were right before; 0: no limit"`
	TrustedProxies []netip.Prefix `env:"ACTIONPLANE_TRUSTED_PROXIES" doc:"networks of proxies whose X-Forwarded-For is believed, comma separated"`

	CORSOrigins []string      `env:"ACTIONPLANE_CORS_ORIGINS" doc:"origins whose pages may call from a browser, comma separated; \"*\": every one; \"none\": none. Credentials are never allowed: tokens travel in a header"`
	CORSMaxAge  time.Duration `env:"ACTIONPLANE_CORS_MAX_AGE" doc:"how long a browser may remember that it may call"`

	PublicMetrics bool `env:"ACTIONPLANE_PUBLIC_METRICS" doc:"serve /metrics on the public port too"`
}

// noOrigin is the value of CORSOrigins that lets nobody in.
const noOrigin = "none"

// guessBurst is how many wrong tokens may come at once, in seconds of their
// limit: a client that starts anew with an old token must not lock itself out.
const guessBurst = 10

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		Addr:           "127.0.0.1:8080",
		MaxRequest:     4 << 20,
		MaxHeader:      16 << 10,
		MaxConnections: 20_000,
		MaxStreams:     250,
		MaxInFlight:    10_000,
		RequestTimeout: 30 * time.Second,
		LameDuck:       time.Second,
		SendGrace:      5 * time.Second,
		AuthTTL:        3 * time.Second,
		RateLimit:      2000,
		RateBurst:      4000,
		GuessLimit:     10,
		CORSOrigins:    []string{cors.Any},
		CORSMaxAge:     2 * time.Hour,
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
	if c.MaxHeader < 4<<10 || c.MaxHeader > 1<<20 {
		problems = append(problems, errors.New("ACTIONPLANE_MAX_HEADER_BYTES must be 4096 to 1048576"))
	}
	if c.MaxConnections <= 0 || c.MaxStreams <= 0 || c.MaxInFlight <= 0 {
		problems = append(problems, errors.New("ACTIONPLANE_MAX_CONNECTIONS, ACTIONPLANE_MAX_STREAMS and ACTIONPLANE_MAX_IN_FLIGHT must be positive"))
	}
	if c.RequestTimeout <= 0 || c.SendGrace <= 0 || c.AuthTTL <= 0 {
		problems = append(problems, errors.New("ACTIONPLANE_REQUEST_TIMEOUT, ACTIONPLANE_SEND_GRACE and ACTIONPLANE_AUTH_TTL must be positive"))
	}
	if c.LameDuck < 0 {
		problems = append(problems, errors.New("ACTIONPLANE_LAME_DUCK must not be negative"))
	}
	if c.RateLimit < 0 || c.RateLimit > 1_000_000 || c.GuessLimit < 0 || c.GuessLimit > 1_000_000 {
		problems = append(problems, errors.New("ACTIONPLANE_RATE_LIMIT and ACTIONPLANE_GUESS_LIMIT must be 0 to 1000000"))
	}
	if c.RateLimit > 0 && c.RateBurst < 1 {
		problems = append(problems, errors.New("ACTIONPLANE_RATE_BURST must be positive"))
	}
	if c.CORSMaxAge < 0 {
		problems = append(problems, errors.New("ACTIONPLANE_CORS_MAX_AGE must not be negative"))
	}
	return errors.Join(append(problems, c.validateOrigins()...)...)
}

func (c Config) validateOrigins() []error {
	var problems []error
	for _, origin := range c.CORSOrigins {
		if origin == cors.Any || origin == noOrigin {
			continue
		}
		if u, err := url.Parse(origin); err != nil || u.Scheme == "" || u.Host == "" || origin != u.Scheme+"://"+u.Host {
			problems = append(problems, fmt.Errorf("ACTIONPLANE_CORS_ORIGINS: %q is no origin such as https://console.example", origin))
		}
	}
	return problems
}

func (c Config) cors() cors.Policy {
	p := cors.Policy{MaxAge: c.CORSMaxAge}
	for _, origin := range c.CORSOrigins {
		if origin != noOrigin {
			p.Origins = append(p.Origins, origin)
		}
	}
	return p
}

func (c Config) tokenLimit() rate.Limit { return rate.Limit{Rate: c.RateLimit, Burst: c.RateBurst} }

func (c Config) guessLimit() rate.Limit {
	return rate.Limit{Rate: c.GuessLimit, Burst: guessBurst * c.GuessLimit}
}
