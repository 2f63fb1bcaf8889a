package profile

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/egress"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/seal"
	"github.com/actionplane/actionplane/services/dispatch/internal/sender"
	"github.com/actionplane/actionplane/services/dispatch/internal/signature"
)

// parse makes a profile of what the targets service says. What cannot be used
// of it is Broken; the rest is there all the same.
func parse(in *targetsv1.GetSendingProfileResponse) *Profile {
	p := &Profile{
		Version: in.GetVersion(), Retry: retryOf(in.GetRetry()), Limits: limitsOf(in.GetLimits()), Disabled: in.GetDisabledReason(),
		Trace: traces[in.GetTraceContext()],
	}
	var problems []error
	broken := func(what string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("the target's %s: %w", what, err))
		}
	}
	var err error
	p.Signer, err = signerOf(in)
	broken("signing keys", err)
	p.Sealer, err = sealerOf(in)
	broken("payload type", err)
	p.Header = headerOf(in.GetHeaders())
	tls := in.GetTls()
	p.Identity, err = sender.NewIdentity(tls.GetCaCertificates(), tls.GetClientCertificate(), tls.GetClientKey())
	broken("TLS settings", err)
	p.Allow, err = egress.ParseAllow(strings.Join(in.GetEgressAllow(), ","))
	broken("egress allow list", err)
	p.Broken = errors.Join(problems...)
	return p
}

// traces are what targets may be told; a value that is not known here is told
// nothing more than the default.
var traces = map[targetsv1.TraceContext]Trace{
	targetsv1.TraceContext_TRACE_CONTEXT_STRIP:   TraceStrip,
	targetsv1.TraceContext_TRACE_CONTEXT_INJECT:  TraceInject,
	targetsv1.TraceContext_TRACE_CONTEXT_RESTART: TraceRestart,
}

func signerOf(in *targetsv1.GetSendingProfileResponse) (*signature.Signer, error) {
	keys := make([]signature.Key, len(in.GetSigningKeys()))
	for i, key := range in.GetSigningKeys() {
		keys[i] = signature.Key(key)
	}
	return signature.NewPairSigner(keys, in.GetEd25519Seeds())
}

// sealerOf returns nil where JSON is sent as it is.
func sealerOf(in *targetsv1.GetSendingProfileResponse) (*seal.Sealer, error) {
	web := seal.WebKey{ID: in.GetWebKey().GetId(), Algorithm: in.GetWebKey().GetAlgorithm(), PrivateKey: in.GetWebKey().GetPrivateKey()}
	switch in.GetPayloadType() {
	case targetsv1.PayloadType_PAYLOAD_TYPE_UNSPECIFIED, targetsv1.PayloadType_PAYLOAD_TYPE_JSON:
		return nil, nil
	case targetsv1.PayloadType_PAYLOAD_TYPE_JWT:
		return seal.NewJWT(web)
	case targetsv1.PayloadType_PAYLOAD_TYPE_JWE:
		key := in.GetEncryptionKey()
		if key == nil {
			return seal.NewJWE(web, nil)
		}
		return seal.NewJWE(web, &seal.EncryptionKey{ID: key.GetId(), PublicKey: key.GetPublicKey()})
	}
	return nil, fmt.Errorf("%s is not known here", in.GetPayloadType())
}

// headerOf leaves out what would stand in for a header of ours.
func headerOf(in []*targetsv1.Header) []sender.Field {
	var fields []sender.Field
	for _, h := range in {
		if !ours(h.GetName()) {
			fields = append(fields, sender.Field{Name: h.GetName(), Value: h.GetValue()})
		}
	}
	return fields
}

// ours reports whether a header is for us alone to send.
func ours(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "content-type", strings.ToLower(signature.Header), "traceparent", "tracestate":
		return true
	}
	return strings.HasPrefix(name, "webhook-") || strings.HasPrefix(name, "actionplane-")
}

func retryOf(in *targetsv1.RetryPolicy) Retry {
	return Retry{
		MaxAttempts: int(in.GetMaxAttempts()), Schedule: durations(in.GetSchedule()),
		FinalStatuses: ints(in.GetFinalStatuses()), RetryableStatuses: ints(in.GetRetryableStatuses()),
	}
}

func limitsOf(in *targetsv1.Limits) Limits {
	return Limits{
		MaxConcurrency: int(in.GetMaxConcurrency()), RatePerSecond: in.GetRatePerSecond(),
		CircuitFailures: int(in.GetCircuitFailures()), CircuitPause: in.GetCircuitPause().AsDuration(),
	}
}

func durations(in []*durationpb.Duration) []time.Duration {
	var out []time.Duration
	for _, d := range in {
		out = append(out, d.AsDuration())
	}
	return out
}

func ints(in []uint32) []int {
	var out []int
	for _, n := range in {
		out = append(out, int(n))
	}
	return out
}
