// Package sender makes exactly one HTTP attempt: it POSTs bytes to a target and
// hands back what the target answered, or a typed [*Failure]. It knows nothing
// of retries, deliveries or what an answer means.
//
// What it guarantees, whatever the target does:
//   - one deadline covers waiting for a connection, name lookup, connect, TLS,
//     request, headers and body; a target that drips bytes ends at it, and a
//     canceled context ends the attempt at once;
//   - every dialed address passes the [egress.Guard] after it was resolved; redirects
//     are not followed and proxies of the environment are ignored;
//   - head and body of the answer are bounded and read piece by piece: what
//     a target claims in Content-Length reserves no memory;
//   - a request is never sent twice. Kept connections are probed before use,
//     and only if not one byte could be written another one is taken.
//
// It speaks HTTP/1.1 on its own connections instead of using a client library.
// net/http runs two goroutines per connection and allocates some 50 times per
// call, which makes it the dearest part of a delivery; fasthttp's client takes
// no context, so that a canceled attempt would run on, and reserves a body's
// claimed length at once. One kind of request and the answers to it need
// little of HTTP, and with own connections cancellation is a deadline in the
// past. The answers' parser is fuzzed against net/http's. BenchmarkSend has
// the comparison.
package sender

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/actionplane/actionplane/libs/egress"
)

// Config bounds a Sender. Zero values mean the defaults.
type Config struct {
	// Allow names private destinations that any target may have. Default: none.
	Allow egress.AllowList
	// Timeout of an attempt whose Request sets none. Default 30 s.
	Timeout time.Duration
	// MaxBody bounds an answer's body, in bytes. Default 20 MiB, as ZITADEL.
	MaxBody int64
	// MaxHead bounds an answer's status line and headers, in bytes. Default 64 KiB.
	MaxHead int
	// MaxConnsPerHost bounds the attempts to one host, port and scheme at a
	// time; further ones wait within their deadline. Default 256.
	MaxConnsPerHost int
	// MaxIdlePerHost bounds the connections kept for one host, port and
	// scheme. Default MaxConnsPerHost.
	MaxIdlePerHost int
	// MaxIdle bounds the connections kept for all hosts. Default 2048.
	MaxIdle int
	// IdleTimeout is how long an unused connection is kept at most; a target
	// that announces less in its Keep-Alive header gets less. Default 30 s.
	IdleTimeout time.Duration
	// Resolver looks up host names. Default: Go's own, which heeds deadlines.
	Resolver *net.Resolver
	// Sent, when set, is told of every attempt as it ends; the failure is nil
	// where there was a complete answer. It must not keep the response.
	Sent func(context.Context, *Response, *Failure)
	// RootCAs are the certificate authorities to trust. Default: the system's.
	RootCAs *x509.CertPool
}

func (c Config) withDefaults() Config {
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.MaxBody = cmp.Or(c.MaxBody, 20<<20)
	c.MaxHead = cmp.Or(c.MaxHead, 64<<10)
	c.MaxConnsPerHost = cmp.Or(c.MaxConnsPerHost, 256)
	c.MaxIdlePerHost = cmp.Or(c.MaxIdlePerHost, c.MaxConnsPerHost)
	c.MaxIdle = cmp.Or(c.MaxIdle, 2048)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 30*time.Second)
	if c.Resolver == nil {
		c.Resolver = &net.Resolver{PreferGo: true}
	}
	return c
}

// Field is one header line of a request. It prints without its value, which may
// be a credential.
type Field struct{ Name, Value string }

// Format writes the name alone for every verb.
func (f Field) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, f.Name+": [redacted]") }

// Request is one POST. Body and Header are only read, and not after Send has
// returned.
type Request struct {
	// URL is the target's endpoint, http or https. Credentials in it are sent
	// as basic authentication.
	URL string
	// Body is sent byte for byte.
	Body []byte
	// Header is added in order. Content-Type and User-Agent replace the
	// defaults application/json and Actionplane; names that frame the message
	// or belong to the connection are refused, and so are more than 64 KiB.
	Header []Field
	// Timeout of the whole attempt; zero means Config.Timeout. An earlier
	// deadline of the context wins.
	Timeout time.Duration
	// MaxBody bounds this answer's body, in bytes; zero means Config.MaxBody,
	// which is also the most it can be.
	MaxBody int64
	// KeepBody is how many bytes of the answer's body are handed back; the
	// rest is read, counted against MaxBody and dropped. Zero means all.
	KeepBody int64
	// Allow is the target's own exemption from the guard.
	Allow egress.AllowList
	// Identity is the target's own TLS identity; nil: the Sender's.
	Identity *Identity
}

// Response is what came back. After a [*Failure] it is filled as far as the
// answer got: a Status beside an error means the head was read.
type Response struct {
	Status          int    // 100 to 999, zero if no head was read
	ContentType     string // as sent; empty if absent or not printable
	ContentEncoding string // as sent; we ask for none and decode none
	RetryAfter      string // as sent; empty if absent or not printable
	Body            []byte // the caller's to keep
	BodySize        int64  // bytes of body read, kept or not
	Remote          netip.AddrPort
	Reused          bool // the connection had served an attempt before
	Duration        time.Duration
	Timings         Timings
}

// Timings are the parts of an attempt's duration; zero where a part did not
// happen, as Connect and TLS on a kept connection.
type Timings struct {
	Wait      time.Duration // until there was a connection slot, reading the URL included
	Connect   time.Duration // name lookup and TCP
	TLS       time.Duration // handshake
	FirstByte time.Duration // from the first byte written to the first byte read
}

// Sender sends. Safe for concurrent use; Close it after the last attempt.
type Sender struct {
	config Config
	dialer dialer
	pool   *pool

	endpoints *endpoints
	attempts  sync.Pool // of *attempt: with their buffers
}

// New returns a Sender. It opens and starts nothing.
func New(config Config) *Sender {
	config = config.withDefaults()
	return &Sender{
		config: config,
		pool:   newPool(config),

		endpoints: newEndpoints(),
		attempts:  sync.Pool{New: newAttempt},
		dialer: dialer{
			guard:    egress.NewGuard(config.Allow),
			resolver: config.Resolver,
			tls: &tls.Config{
				MinVersion:         tls.VersionTLS12,
				NextProtos:         []string{"http/1.1"},
				RootCAs:            config.RootCAs,
				ClientSessionCache: tls.NewLRUClientSessionCache(1024),
			},
		},
	}
}

// Send makes one attempt. Any complete answer is a Response without error,
// whatever its status; every error is a [*Failure].
func (s *Sender) Send(ctx context.Context, req Request) (Response, error) {
	a := s.attempts.Get().(*attempt)
	defer func() { a.clear(); s.attempts.Put(a) }()
	a.started, a.stage, a.req = time.Now(), StagePrepare, req
	err := a.run(ctx, s)
	a.resp.Duration = time.Since(a.started)
	if err == nil {
		s.sent(ctx, &a.resp, nil)
		return a.resp, nil
	}
	failure := &Failure{Kind: classify(ctx, a.stage, err), Stage: a.stage, Reused: a.resp.Reused, Err: err}
	if a.endpoint.host != "" {
		failure.Origin = a.endpoint.String()
	}
	s.sent(ctx, &a.resp, failure)
	return a.resp, failure
}

func (s *Sender) sent(ctx context.Context, r *Response, f *Failure) {
	if s.config.Sent != nil {
		s.config.Sent(ctx, r, f)
	}
}

// Close closes the kept connections; those in use close when their attempts
// end. Attempts that begin afterwards fail with KindClosed.
func (s *Sender) Close() { s.pool.close() }
