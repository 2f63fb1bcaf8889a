package oidc

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/actionplane/actionplane/libs/fault"
)

// maxIssuers is how many issuers' keys are remembered; it is well above how
// many are ever known.
const maxIssuers = 256

// Source fetches the keys that an issuer signs with.
type Source interface {
	Fetch(ctx context.Context, issuer string) ([]jose.JSONWebKey, error)
}

// Policy says how long keys are good, and how often they are asked for.
type Policy struct {
	KeysTTL         time.Duration // after which they are asked for again
	KeysMaxAge      time.Duration // after which they do not count any more
	RefreshInterval time.Duration // at least, between two tries
}

// KeySet is the keys of an issuer as of a moment.
type KeySet struct {
	keys    []jose.JSONWebKey
	fetched time.Time
}

// candidates returns the keys that may have signed a token with the header:
// the one it names, or any where it names none, unless meant for another
// algorithm.
func (s KeySet) candidates(h jose.Header) []jose.JSONWebKey {
	var fit []jose.JSONWebKey
	for _, key := range s.keys {
		if (h.KeyID == "" || key.KeyID == h.KeyID) && (key.Algorithm == "" || key.Algorithm == h.Algorithm) {
			fit = append(fit, key)
		}
	}
	return fit
}

// names reports whether one of the keys has this id; no id is nobody's.
func (s KeySet) names(id string) bool {
	for _, key := range s.keys {
		if id != "" && key.KeyID == id {
			return true
		}
	}
	return false
}

// Keys remembers the keys of issuers. It is safe for concurrent use.
type Keys struct {
	source Source
	policy Policy
	now    func() time.Time
	log    *slog.Logger

	mu      sync.Mutex
	issuers map[string]*remembered
}

// remembered is what is known of one issuer's keys.
type remembered struct {
	turn chan struct{} // holds one element; who has it may fetch

	mu    sync.Mutex
	set   KeySet
	tried time.Time
	err   error // of the last try
}

// NewKeys returns an empty memory.
func NewKeys(source Source, policy Policy, now func() time.Time, log *slog.Logger) *Keys {
	return &Keys{source: source, policy: policy, now: now, log: log, issuers: map[string]*remembered{}}
}

// Known returns the keys of an issuer, fetched now where there are none.
// Unavailable: they cannot be had.
func (k *Keys) Known(ctx context.Context, issuer string) (KeySet, error) {
	r := k.of(issuer)
	set := r.get()
	age := k.now().Sub(set.fetched)
	switch {
	case set.fetched.IsZero() || age > k.policy.KeysMaxAge:
		return k.Newer(ctx, issuer, set)
	case age > k.policy.KeysTTL:
		// Whoever comes first tries; nobody waits for him.
		select {
		case <-r.turn:
			defer r.giveBack()
			_ = k.fetch(ctx, issuer, r) // logged; the old keys go on
			return r.get(), nil
		default:
		}
	}
	return set, nil
}

// Newer returns keys of an issuer that were fetched after old, or old where it
// was fetched so recently that asking again is too early. Unavailable: they
// cannot be had.
func (k *Keys) Newer(ctx context.Context, issuer string, old KeySet) (KeySet, error) {
	r := k.of(issuer)
	select {
	case <-r.turn:
		defer r.giveBack()
	case <-ctx.Done():
		return KeySet{}, fault.Unavailable("the keys of the token's issuer are not here yet").Because(ctx.Err())
	}
	if set := r.get(); set.fetched.After(old.fetched) {
		return set, nil // somebody else has just been there
	}
	if err := k.fetch(ctx, issuer, r); err != nil {
		return KeySet{}, fault.Unavailable("the keys of the token's issuer cannot be had").Because(err)
	}
	return r.get(), nil
}

// fetch asks the issuer, unless the last time was too recent, and returns how
// the last time went. The caller has the turn. It outlives its caller: the
// others wait for it too.
func (k *Keys) fetch(ctx context.Context, issuer string, r *remembered) error {
	now := k.now()
	if tried, err := r.last(); !tried.IsZero() && now.Sub(tried) < k.policy.RefreshInterval {
		return err
	}
	keys, err := k.source.Fetch(context.WithoutCancel(ctx), issuer)
	if err != nil {
		k.log.WarnContext(ctx, "access.oidc_keys", "issuer", issuer, "error", err)
	}
	r.keep(now, keys, err)
	return err
}

// of returns what is remembered of an issuer.
func (k *Keys) of(issuer string) *remembered {
	k.mu.Lock()
	defer k.mu.Unlock()
	r, ok := k.issuers[issuer]
	if !ok {
		if len(k.issuers) >= maxIssuers {
			clear(k.issuers) // of issuers that were deleted meanwhile, mostly
		}
		r = &remembered{turn: make(chan struct{}, 1)}
		r.giveBack()
		k.issuers[issuer] = r
	}
	return r
}

func (r *remembered) giveBack() { r.turn <- struct{}{} }

func (r *remembered) get() KeySet {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.set
}

func (r *remembered) last() (time.Time, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tried, r.err
}

// keep remembers how a try went. Keys that are there outlive a failure.
func (r *remembered) keep(now time.Time, keys []jose.JSONWebKey, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tried, r.err = now, err
	if err == nil {
		r.set = KeySet{keys: keys, fetched: now}
	}
}
