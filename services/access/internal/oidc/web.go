package oidc

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/actionplane/actionplane/libs/egress"
)

// The bounds of what an issuer may answer.
const (
	maxDocument = 1 << 20 // bytes
	maxKeys     = 100
	minRSA      = 2048 // bits
)

// Web fetches keys over HTTP, by discovery (OpenID Connect Discovery 1.0, 4).
type Web struct {
	client    *http.Client
	allowHTTP bool
}

// NewWeb returns a source that reaches what guard admits, each time within
// timeout. http URLs are refused unless allowed.
func NewWeb(guard *egress.Guard, allowHTTP bool, timeout time.Duration) *Web {
	return &Web{allowHTTP: allowHTTP, client: &http.Client{
		Timeout: timeout,
		// An issuer that moved must be named anew: whoever can redirect us could
		// name the keys.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            dial(guard),
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			DisableKeepAlives:      true, // fetches are rare
			MaxResponseHeaderBytes: 64 << 10,
		},
	}}
}

// dial connects to addresses that the guard admits.
func dial(guard *egress.Guard) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		host = egress.CanonicalHost(host)
		if err := egress.CheckHost(host); err != nil {
			return nil, err
		}
		d := net.Dialer{ControlContext: guard.Control(host, egress.AllowList{})}
		return d.DialContext(ctx, network, address)
	}
}

// Fetch implements Source.
func (w *Web) Fetch(ctx context.Context, issuer string) ([]jose.JSONWebKey, error) {
	var found struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := w.get(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", &found); err != nil {
		return nil, fmt.Errorf("discover %s: %w", issuer, err)
	}
	if found.Issuer != issuer {
		return nil, fmt.Errorf("discover %s: it calls itself %q", issuer, found.Issuer)
	}
	if err := checkURL("jwks_uri", found.Keys, w.allowHTTP); err != nil {
		return nil, fmt.Errorf("discover %s: %w", issuer, err)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := w.get(ctx, found.Keys, &set); err != nil {
		return nil, fmt.Errorf("fetch the keys of %s: %w", issuer, err)
	}
	keys := usable(set.Keys)
	if len(keys) == 0 {
		return nil, fmt.Errorf("fetch the keys of %s: none of %d is of use", issuer, len(set.Keys))
	}
	return keys, nil
}

// get reads a JSON document.
func (w *Web) get(ctx context.Context, url string, into any) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := w.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	if err != nil {
		return err
	}
	if len(data) > maxDocument {
		return fmt.Errorf("%s answers more than %d bytes", url, maxDocument)
	}
	return json.Unmarshal(data, into)
}

// usable returns the public keys for signatures among keys. Others, also those
// of kinds that are not known yet, are none of our business (RFC 7517, 5).
func usable(raw []json.RawMessage) []jose.JSONWebKey {
	var keys []jose.JSONWebKey
	for _, data := range raw[:min(len(raw), maxKeys)] {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(data) == nil && fit(key) {
			keys = append(keys, key)
		}
	}
	return slices.Clip(keys)
}

// fit refuses secret keys, which an issuer must not publish and nobody can
// trust then, and weak ones.
func fit(key jose.JSONWebKey) bool {
	if key.Use != "" && key.Use != "sig" || !key.Valid() || !key.IsPublic() {
		return false
	}
	public, isRSA := key.Key.(*rsa.PublicKey)
	return !isRSA || public.N.BitLen() >= minRSA
}
