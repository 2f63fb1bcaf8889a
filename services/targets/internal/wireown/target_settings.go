package wireown

import (
	"context"

	"github.com/actionplane/actionplane/libs/config"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/targets/internal/settings"
	"github.com/actionplane/actionplane/services/targets/internal/wirepeer"
)

// GetTargetSettings returns how a target is called, and how it is.
func (s *Server) GetTargetSettings(ctx context.Context, in *actionplanev1.GetTargetSettingsRequest) (*actionplanev1.GetTargetSettingsResponse, error) {
	state, err := s.targets.State(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	return &actionplanev1.GetTargetSettingsResponse{Settings: wireSettings(state.Settings), Status: wireStatus(state)}, nil
}

// UpdateTargetSettings replaces how a target is called.
func (s *Server) UpdateTargetSettings(ctx context.Context, in *actionplanev1.UpdateTargetSettingsRequest) (*actionplanev1.UpdateTargetSettingsResponse, error) {
	state, err := s.targets.SetSettings(ctx, in.GetId(), settingsOf(in.GetSettings()), in.Version)
	if err != nil {
		return nil, err
	}
	return &actionplanev1.UpdateTargetSettingsResponse{Settings: wireSettings(state.Settings), Status: wireStatus(state)}, nil
}

// settingsOf reads settings from the wire. Empty lists are nil, as they are
// when they are read back.
func settingsOf(m *actionplanev1.TargetSettings) settings.Settings {
	s := settings.Settings{
		Retry:   retryOf(m.GetRetry()),
		Limits:  limitsOf(m.GetLimits()),
		TLS:     settings.TLS{CA: m.GetTls().GetCaCertificates(), Certificate: m.GetTls().GetClientCertificate()},
		Ed25519: m.GetEd25519Signatures(),
		Trace:   traces[m.GetTraceContext()],
	}
	s.EgressAllow = append(s.EgressAllow, m.GetEgressAllow()...)
	if key := m.GetTls().GetClientKey(); key != "" {
		s.TLS.Key = config.NewSecret(key)
	}
	for _, h := range m.GetHeaders() {
		s.Headers = append(s.Headers, headerOf(h))
	}
	return s
}

// traces are the values that the contract lets by; unspecified is none of them.
var traces = map[targetsv1.TraceContext]settings.Trace{
	targetsv1.TraceContext_TRACE_CONTEXT_STRIP:   settings.TraceStrip,
	targetsv1.TraceContext_TRACE_CONTEXT_INJECT:  settings.TraceInject,
	targetsv1.TraceContext_TRACE_CONTEXT_RESTART: settings.TraceRestart,
}

func headerOf(m *actionplanev1.TargetHeader) settings.Header {
	if m.GetSecret() {
		return settings.Header{Name: m.GetName(), Secret: true, Hidden: config.NewSecret(m.GetValue())}
	}
	return settings.Header{Name: m.GetName(), Value: m.GetValue()}
}

func retryOf(m *targetsv1.RetryPolicy) settings.Retry {
	r := settings.Retry{MaxAttempts: int(m.GetMaxAttempts())}
	for _, pause := range m.GetSchedule() {
		r.Schedule = append(r.Schedule, pause.AsDuration())
	}
	for _, status := range m.GetFinalStatuses() {
		r.Final = append(r.Final, int(status))
	}
	for _, status := range m.GetRetryableStatuses() {
		r.Retryable = append(r.Retryable, int(status))
	}
	return r
}

func limitsOf(m *targetsv1.Limits) settings.Limits {
	return settings.Limits{
		MaxConcurrency:  int(m.GetMaxConcurrency()),
		RatePerSecond:   m.GetRatePerSecond(),
		CircuitFailures: int(m.GetCircuitFailures()),
		CircuitPause:    m.GetCircuitPause().AsDuration(),
	}
}

// wireSettings writes settings for the wire, without secrets.
func wireSettings(s settings.Settings) *actionplanev1.TargetSettings {
	m := &actionplanev1.TargetSettings{
		Retry:             wirepeer.Retry(s.Retry),
		Limits:            wirepeer.Limits(s.Limits),
		Tls:               &actionplanev1.TargetTLS{CaCertificates: s.TLS.CA, ClientCertificate: s.TLS.Certificate},
		EgressAllow:       s.EgressAllow,
		Ed25519Signatures: s.Ed25519,
		TraceContext:      wirepeer.TraceContext(s.Trace),
	}
	for _, h := range s.Headers {
		m.Headers = append(m.Headers, &actionplanev1.TargetHeader{Name: h.Name, Value: h.Value, Secret: h.Secret})
	}
	return m
}
