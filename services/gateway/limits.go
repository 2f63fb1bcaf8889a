package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/services/gateway/internal/edge"
	"github.com/actionplane/actionplane/services/gateway/internal/rate"
)

// limits bound how fast callers call: known ones by their token, and those who
// try tokens by their address, so that guessing is slow and the guesser's
// neighbours are not locked out.
type limits struct {
	tokens, guesses *rate.Limiter
	clients         rate.Clients
	policy          string // of the RateLimit-Policy header
}

func newLimits(cfg Config, deps host.Deps) *limits {
	share, _ := deps.Cache.(rate.Sharer) // nil where there is no Redis
	l := &limits{
		tokens:  rate.New("token", cfg.tokenLimit(), share, deps.Log),
		guesses: rate.New("guess", cfg.guessLimit(), share, deps.Log),
		clients: rate.Clients{Trusted: cfg.TrustedProxies},
	}
	if cfg.RateLimit > 0 {
		window := math.Ceil(float64(cfg.RateBurst) / float64(cfg.RateLimit))
		l.policy = `"token";q=` + strconv.Itoa(cfg.RateBurst) + `;w=` + strconv.Itoa(int(window))
	}
	return l
}

// Run shares what was used with the other replicas until ctx is done.
func (l *limits) Run(ctx context.Context) error {
	return host.Together(ctx, l.tokens.Run, l.guesses.Run)
}

// close forgets all callers.
func (l *limits) close() {
	l.tokens.Close()
	l.guesses.Close()
}

// serve lets next answer r if its sender may call now. A call without a token
// is none of ours: the door refuses it at no cost.
func (l *limits) serve(w http.ResponseWriter, r *http.Request, protocol string, next http.Handler, refuse func(http.ResponseWriter, *http.Request, *fault.Error)) {
	r, visit := edge.WithVisit(r, protocol)
	token := edge.Bearer(r.Header)
	if token == "" {
		next.ServeHTTP(w, r)
		return
	}
	key := tokenKey(token)
	if l.tokens.Known(key) {
		v := l.tokens.Take(key)
		l.tell(w.Header(), v)
		if !v.Allowed {
			refuse(w, r, tooFast("this token", v.Wait))
			return
		}
		next.ServeHTTP(w, r)
		return
	}
	client := l.clients.Of(r)
	if v := l.guesses.Look(client); !v.Allowed {
		refuse(w, r, tooFast("wrong tokens", v.Wait))
		return
	}
	l.tell(w.Header(), l.tokens.Look(key))
	next.ServeHTTP(w, r)
	switch {
	case visit.Stranger():
		l.guesses.Take(client)
	case visit.Welcome():
		l.tokens.Take(key)
	}
}

// tokenKey is by what a token is known here and in Redis: neither the token nor
// the hash that access looks it up by.
func tokenKey(token string) string {
	var text [256]byte // on the stack, for all but JWTs
	sum := sha256.Sum256(append(append(text[:0], "rate:"...), token...))
	return hex.EncodeToString(sum[:16])
}

// tell says how much is left, and where nothing is, of how much
// (draft-ietf-httpapi-ratelimit-headers).
func (l *limits) tell(h http.Header, v rate.Verdict) {
	if l.policy == "" {
		return
	}
	var line [48]byte
	text := strconv.AppendInt(append(line[:0], `"token";r=`...), int64(v.Remaining), 10)
	text = strconv.AppendInt(append(text, `;t=`...), int64(math.Ceil(v.Reset.Seconds())), 10)
	h["Ratelimit"] = []string{string(text)}
	if !v.Allowed {
		h["Ratelimit-Policy"] = []string{l.policy}
	}
}

func tooFast(what string, wait time.Duration) *fault.Error {
	return fault.Exhausted("too many requests with %s", what).WithRetryAfter(wait)
}
