package wirepeer

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/config"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	"github.com/actionplane/actionplane/services/targets/internal/publickey"
	"github.com/actionplane/actionplane/services/targets/internal/registry"
	"github.com/actionplane/actionplane/services/targets/internal/settings"
	"github.com/actionplane/actionplane/services/targets/internal/webkey"
)

// GetSendingProfile returns all that sending to a target takes, in clear.
func (s *Server) GetSendingProfile(ctx context.Context, in *targetsv1.GetSendingProfileRequest) (*targetsv1.GetSendingProfileResponse, error) {
	p, err := s.targets.Profile(ctx, in.GetTargetId())
	if err != nil {
		return nil, err
	}
	encryptFor, err := encryptionKey(p.EncryptFor)
	if err != nil {
		return nil, err
	}
	return &targetsv1.GetSendingProfileResponse{
		Version:        p.Version,
		SigningKeys:    texts(p.HMACKeys),
		Ed25519Seeds:   seeds(p),
		PayloadType:    targetsv1.PayloadType(p.Payload), // numbered alike
		WebKey:         webKey(p.WebKey),
		EncryptionKey:  encryptFor,
		Headers:        headers(p.Settings.Headers),
		Tls:            tls(p.Settings.TLS),
		EgressAllow:    p.Settings.EgressAllow,
		Retry:          Retry(p.Settings.Retry),
		Limits:         Limits(p.Settings.Limits),
		DisabledReason: p.DisabledReason,
		TraceContext:   TraceContext(p.Settings.Trace),
	}, nil
}

// Retry writes a retry policy.
func Retry(r settings.Retry) *targetsv1.RetryPolicy {
	m := &targetsv1.RetryPolicy{MaxAttempts: uint32(r.MaxAttempts)}
	for _, pause := range r.Schedule {
		m.Schedule = append(m.Schedule, durationpb.New(pause))
	}
	for _, status := range r.Final {
		m.FinalStatuses = append(m.FinalStatuses, uint32(status))
	}
	for _, status := range r.Retryable {
		m.RetryableStatuses = append(m.RetryableStatuses, uint32(status))
	}
	return m
}

// Limits writes limits.
func Limits(l settings.Limits) *targetsv1.Limits {
	m := &targetsv1.Limits{
		MaxConcurrency:  uint32(l.MaxConcurrency),
		RatePerSecond:   l.RatePerSecond,
		CircuitFailures: uint32(l.CircuitFailures),
	}
	if l.CircuitPause > 0 {
		m.CircuitPause = durationpb.New(l.CircuitPause)
	}
	return m
}

// TraceContext writes what a target is told of traces.
func TraceContext(t settings.Trace) targetsv1.TraceContext {
	switch t {
	case settings.TraceStrip:
		return targetsv1.TraceContext_TRACE_CONTEXT_STRIP
	case settings.TraceInject:
		return targetsv1.TraceContext_TRACE_CONTEXT_INJECT
	case settings.TraceRestart:
		return targetsv1.TraceContext_TRACE_CONTEXT_RESTART
	}
	return targetsv1.TraceContext_TRACE_CONTEXT_UNSPECIFIED
}

func texts(keys []config.Secret) []string {
	var plain []string
	for _, k := range keys {
		plain = append(plain, k.Reveal())
	}
	return plain
}

func seeds(p registry.Profile) [][]byte {
	var plain [][]byte
	for _, s := range p.Ed25519Seeds {
		plain = append(plain, []byte(s.Reveal()))
	}
	return plain
}

func webKey(k *webkey.Pair) *targetsv1.WebKey {
	if k == nil {
		return nil
	}
	return &targetsv1.WebKey{Id: k.ID, Algorithm: k.Algorithm, PrivateKey: []byte(k.Private.Reveal())}
}

func encryptionKey(k *publickey.Key) (*targetsv1.EncryptionKey, error) {
	if k == nil {
		return nil, nil
	}
	der, err := publickey.Parse(k.PEM)
	if err != nil {
		return nil, err
	}
	return &targetsv1.EncryptionKey{Id: k.ID, PublicKey: der}, nil
}

func headers(set []settings.Header) []*targetsv1.Header {
	var plain []*targetsv1.Header
	for _, h := range set {
		plain = append(plain, &targetsv1.Header{Name: h.Name, Value: h.Text()})
	}
	return plain
}

// tls is absent where the system's authorities vouch and nothing is shown.
func tls(t settings.TLS) *targetsv1.TLS {
	if t == (settings.TLS{}) {
		return nil
	}
	return &targetsv1.TLS{
		CaCertificates:    []byte(t.CA),
		ClientCertificate: []byte(t.Certificate),
		ClientKey:         []byte(t.Key.Reveal()),
	}
}
