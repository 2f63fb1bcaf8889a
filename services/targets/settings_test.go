package targets_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
)

// hunter is a value that only dispatch may ever see.
const hunter = "hunter2hunter2"

// fullSettings are settings that say something about everything.
func fullSettings(t testing.TB) *actionplanev1.TargetSettings {
	t.Helper()
	certificate, key := clientPair(t)
	return &actionplanev1.TargetSettings{
		Retry: &targetsv1.RetryPolicy{
			MaxAttempts: 4, Schedule: []*durationpb.Duration{durationpb.New(time.Second), durationpb.New(7 * 24 * time.Hour)},
			FinalStatuses: []uint32{404}, RetryableStatuses: []uint32{409},
		},
		Limits:            &targetsv1.Limits{MaxConcurrency: 3, RatePerSecond: 2.5, CircuitFailures: 7, CircuitPause: durationpb.New(time.Minute)},
		Headers:           []*actionplanev1.TargetHeader{{Name: "X-Plain", Value: "v"}, {Name: "X-Secret", Value: hunter, Secret: true}},
		Tls:               &actionplanev1.TargetTLS{CaCertificates: certificate, ClientCertificate: certificate, ClientKey: key},
		EgressAllow:       []string{"10.0.0.0/8", "billing.internal"},
		Ed25519Signatures: true,
		TraceContext:      targetsv1.TraceContext_TRACE_CONTEXT_RESTART,
	}
}

// clientPair returns a certificate and its key as PEM.
func clientPair(t testing.TB) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", secret)
}

func (w *world) set(ctx context.Context, t testing.TB, id string, s *actionplanev1.TargetSettings) *actionplanev1.UpdateTargetSettingsResponse {
	t.Helper()
	out, err := w.own.UpdateTargetSettings(ctx, &actionplanev1.UpdateTargetSettingsRequest{Id: id, Settings: s})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *world) settings(ctx context.Context, t testing.TB, id string) *actionplanev1.GetTargetSettingsResponse {
	t.Helper()
	out, err := w.own.GetTargetSettings(ctx, &actionplanev1.GetTargetSettingsRequest{Id: id})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTargetSettings(t *testing.T) {
	t.Parallel()
	w := setup(t)

	t.Run("AreTheDefaultsAtFirst", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.create(ctx, t).GetDetails().GetId()
		got := w.settings(ctx, t, id)
		want := &actionplanev1.TargetSettings{Retry: &targetsv1.RetryPolicy{}, Limits: &targetsv1.Limits{}, Tls: &actionplanev1.TargetTLS{}}
		if !proto.Equal(got.GetSettings(), want) || got.GetStatus().GetVersion() != 1 || len(got.GetStatus().GetSigningKeys()) != 1 {
			t.Errorf("got %v", got)
		}
		p := w.profile(ctx, t, id)
		if len(p.GetHeaders()) != 0 || p.GetTls() != nil || len(p.GetEd25519Seeds()) != 0 || p.GetDisabledReason() != "" || p.GetVersion() != 1 {
			t.Errorf("got %v", p)
		}
	})
	t.Run("ReachDispatchInFullAndOthersWithoutSecrets", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.create(ctx, t).GetDetails().GetId()
		changes := w.changes(ctx, t)
		sent := fullSettings(t)
		updated := w.set(ctx, t, id, sent)
		wantChange(t, changes, changesv1.Operation_OPERATION_CHANGED, id)

		shown := proto.CloneOf(sent)
		shown.Headers[1].Value, shown.Tls.ClientKey = "", ""
		read := w.settings(ctx, t, id)
		if !proto.Equal(updated.GetSettings(), shown) || !proto.Equal(read.GetSettings(), shown) || !proto.Equal(read.GetStatus(), updated.GetStatus()) {
			t.Errorf("got %v and %v, want %v", updated, read, shown)
		}
		if read.GetStatus().GetVersion() != 2 {
			t.Errorf("version %d", read.GetStatus().GetVersion())
		}
		p := w.profile(ctx, t, id)
		if !proto.Equal(p.GetRetry(), sent.GetRetry()) || !proto.Equal(p.GetLimits(), sent.GetLimits()) || !slices.Equal(p.GetEgressAllow(), sent.GetEgressAllow()) ||
			p.GetTraceContext() != sent.GetTraceContext() {
			t.Errorf("got %v", p)
		}
		if h := p.GetHeaders(); len(h) != 2 || h[0].GetValue() != "v" || h[1].GetName() != "X-Secret" || h[1].GetValue() != hunter {
			t.Errorf("got %v", h)
		}
		if p.GetVersion() != 2 || string(p.GetTls().GetClientKey()) != sent.GetTls().GetClientKey() || string(p.GetTls().GetCaCertificates()) != sent.GetTls().GetCaCertificates() {
			t.Errorf("version %d, %d bytes of key", p.GetVersion(), len(p.GetTls().GetClientKey()))
		}
	})
	t.Run("MayBeSentBackAsTheyWereRead", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.create(ctx, t).GetDetails().GetId()
		w.set(ctx, t, id, fullSettings(t))
		before, read := w.profile(ctx, t, id), w.settings(ctx, t, id)
		if again := w.set(ctx, t, id, read.GetSettings()); again.GetStatus().GetVersion() != read.GetStatus().GetVersion() {
			t.Error("nothing differs, and it is a change")
		}
		read.Settings.Limits.MaxConcurrency++
		w.set(ctx, t, id, read.GetSettings())
		after := w.profile(ctx, t, id)
		if after.GetHeaders()[1].GetValue() != hunter || !bytes.Equal(after.GetTls().GetClientKey(), before.GetTls().GetClientKey()) ||
			!slices.EqualFunc(after.GetEd25519Seeds(), before.GetEd25519Seeds(), bytes.Equal) || after.GetVersion() != before.GetVersion()+1 {
			t.Errorf("a secret changed, or version %d", after.GetVersion())
		}
		w.set(ctx, t, id, &actionplanev1.TargetSettings{})
		if p := w.profile(ctx, t, id); len(p.GetHeaders()) != 0 || p.GetTls() != nil || len(p.GetEd25519Seeds()) != 0 {
			t.Errorf("left %v", p)
		}
	})
	t.Run("ChangeOnlyFromTheVersionThatWasRead", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.create(ctx, t).GetDetails().GetId()
		var wg sync.WaitGroup
		var won sync.Map
		for n := range 8 {
			wg.Go(func() {
				_, err := w.own.UpdateTargetSettings(ctx, &actionplanev1.UpdateTargetSettingsRequest{
					Id: id, Version: proto.Uint64(1), Settings: &actionplanev1.TargetSettings{Limits: &targetsv1.Limits{MaxConcurrency: uint32(n + 1)}},
				})
				if err == nil {
					won.Store(n, true)
					return
				}
				if f, ok := fault.As(err); !ok || f.Code != fault.CodeFailedPrecondition || f.ID != "TARGET-0th3rv3rs" {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		winners := 0
		won.Range(func(n, _ any) bool {
			winners++
			if got := w.profile(ctx, t, id).GetLimits().GetMaxConcurrency(); int(got) != n.(int)+1 {
				t.Errorf("%d won, %d is set", n, got)
			}
			return true
		})
		if winners != 1 {
			t.Errorf("%d won", winners)
		}
	})
	t.Run("SurviveChangesOfTheTarget", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.create(ctx, t).GetDetails().GetId()
		w.set(ctx, t, id, fullSettings(t))
		w.patch(ctx, t, id, &actionv3alpha.PatchTarget{Name: proto.String("b"), ExpirationSigningKey: &durationpb.Duration{}})
		if p := w.profile(ctx, t, id); len(p.GetHeaders()) != 2 || len(p.GetEd25519Seeds()) != 1 || len(p.GetSigningKeys()) != 1 {
			t.Errorf("got %v", p)
		}
	})

	refusals := []struct {
		name   string
		change func(*actionplanev1.TargetSettings)
		id     string
		field  string
	}{
		{"HeaderOfOurs", func(s *actionplanev1.TargetSettings) { s.Headers[0].Name = "Webhook-Id" }, "TARGET-s3tt1ngs1", "settings.headers[0].name"},
		{"HeaderWithLineBreak", func(s *actionplanev1.TargetSettings) { s.Headers[1].Value = hunter + "\r\n" }, "TARGET-s3tt1ngs1", "settings.headers[1].value"},
		{"TooManyHeaders", func(s *actionplanev1.TargetSettings) { s.Headers = make([]*actionplanev1.TargetHeader, 1001) }, "", "headers"},
		{"MoreHeadersThanConfigured", func(s *actionplanev1.TargetSettings) {
			for range 33 {
				s.Headers = append(s.Headers, &actionplanev1.TargetHeader{Name: "x"})
			}
		}, "TARGET-s3tt1ngs1", "settings.headers must be at most 32"},
		{"NewSecretWithoutValue", func(s *actionplanev1.TargetSettings) { s.Headers[1].Value = "" }, "TARGET-s3tt1ngs1", "settings.headers[1].value"},
		{"KeyOfAnother", func(s *actionplanev1.TargetSettings) { _, s.Tls.ClientKey = clientPair(t) }, "TARGET-s3tt1ngs1", "settings.tls.client_key"},
		{"KeyThatIsNone", func(s *actionplanev1.TargetSettings) { s.Tls.ClientKey = hunter }, "TARGET-s3tt1ngs1", "settings.tls.client_key"},
		{"CertificateThatIsNone", func(s *actionplanev1.TargetSettings) { s.Tls.CaCertificates = "x" }, "TARGET-s3tt1ngs1", "settings.tls.ca_certificates"},
		{"Egress", func(s *actionplanev1.TargetSettings) { s.EgressAllow = []string{"*.internal"} }, "TARGET-s3tt1ngs1", "settings.egress_allow[0]"},
		{"Success", func(s *actionplanev1.TargetSettings) { s.Retry.FinalStatuses = []uint32{200} }, "", "final_statuses"},
		{"StatusOfBothKinds", func(s *actionplanev1.TargetSettings) { s.Retry.FinalStatuses = []uint32{409} }, "TARGET-s3tt1ngs1", "settings.retry"},
		{"LongPause", func(s *actionplanev1.TargetSettings) {
			s.Retry.Schedule = []*durationpb.Duration{durationpb.New(8 * 24 * time.Hour)}
		}, "", "schedule"},
		{"TooManyAttempts", func(s *actionplanev1.TargetSettings) { s.Retry.MaxAttempts = 101 }, "", "max_attempts"},
		{"RateThatIsNone", func(s *actionplanev1.TargetSettings) { s.Limits.RatePerSecond = math.NaN() }, "", "rate_per_second"},
		{"UnknownTraceContext", func(s *actionplanev1.TargetSettings) { s.TraceContext = 9 }, "", "trace_context"},
		{"NegativePause", func(s *actionplanev1.TargetSettings) { s.Limits.CircuitPause = durationpb.New(-1) }, "", "circuit_pause"},
	}
	for _, tt := range refusals {
		t.Run("Refuse"+tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := as(t)
			id := w.create(ctx, t).GetDetails().GetId()
			s := fullSettings(t)
			tt.change(s)
			_, err := w.own.UpdateTargetSettings(ctx, &actionplanev1.UpdateTargetSettingsRequest{Id: id, Settings: s})
			wantFault(t, err, fault.CodeInvalid, tt.id, tt.field)
			if err != nil && strings.Contains(err.Error(), hunter) {
				t.Errorf("repeats a secret: %v", err)
			}
		})
	}
	t.Run("OfAnotherTenantsTargetAreNotFound", func(t *testing.T) {
		t.Parallel()
		for _, id := range []string{w.create(as(t), t).GetDetails().GetId(), "42", "nobody"} {
			ctx := as(t)
			_, err := w.own.GetTargetSettings(ctx, &actionplanev1.GetTargetSettingsRequest{Id: id})
			wantFault(t, err, fault.CodeNotFound, "QUERY-t4rg3tg0ne")
			_, err = w.own.UpdateTargetSettings(ctx, &actionplanev1.UpdateTargetSettingsRequest{Id: id, Settings: &actionplanev1.TargetSettings{}})
			wantFault(t, err, fault.CodeNotFound, "COMMAND-xj14f2cccn")
			_, err = w.own.RotateSigningKey(ctx, &actionplanev1.RotateSigningKeyRequest{Id: id})
			wantFault(t, err, fault.CodeNotFound, "COMMAND-xj14f2cccn")
			_, err = w.own.DisableTarget(ctx, &actionplanev1.DisableTargetRequest{Id: id})
			wantFault(t, err, fault.CodeNotFound, "COMMAND-xj14f2cccn")
			_, err = w.internal.DisableTarget(ctx, &targetsv1.DisableTargetRequest{TargetId: id, Reason: "x"})
			wantFault(t, err, fault.CodeNotFound, "COMMAND-xj14f2cccn")
			_, err = w.internal.GetSendingProfile(ctx, &targetsv1.GetSendingProfileRequest{TargetId: id})
			wantFault(t, err, fault.CodeNotFound, "QUERY-t4rg3tg0ne")
		}
	})
}

func TestRotateSigningKey(t *testing.T) {
	t.Parallel()
	w := setup(t)
	rotate := func(ctx context.Context, id string, algorithm actionplanev1.SigningAlgorithm, overlap time.Duration) (*actionplanev1.RotateSigningKeyResponse, error) {
		return w.own.RotateSigningKey(ctx, &actionplanev1.RotateSigningKeyRequest{Id: id, Algorithm: algorithm, Overlap: durationpb.New(overlap)})
	}
	const (
		hmac = actionplanev1.SigningAlgorithm_SIGNING_ALGORITHM_HMAC
		ed   = actionplanev1.SigningAlgorithm_SIGNING_ALGORITHM_ED25519
	)

	t.Run("LetsBothSignDuringOverlap", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		created := w.create(ctx, t)
		id := created.GetDetails().GetId()
		changes := w.changes(ctx, t)
		out, err := rotate(ctx, id, 0, time.Hour)
		if err != nil || !signingKey.MatchString(out.GetSigningKey()) || out.GetPublicKey() != "" {
			t.Fatalf("got %v, %v", out, err)
		}
		wantChange(t, changes, changesv1.Operation_OPERATION_CHANGED, id)
		if got := w.keys(ctx, t, id); !slices.Equal(got, []string{out.GetSigningKey(), created.GetSigningKey()}) {
			t.Errorf("%d keys sign", len(got))
		}
		if w.get(ctx, t, id).GetSigningKey() != out.GetSigningKey() {
			t.Error("the newest is not the one that is shown")
		}
		keys := out.GetStatus().GetSigningKeys()
		if len(keys) != 2 || keys[0].GetExpiresAt() != nil || !keys[1].GetExpiresAt().AsTime().After(time.Now()) || keys[0].GetAlgorithm() != hmac {
			t.Errorf("got %v", keys)
		}
		// The versions of ZITADEL's API end it at once.
		last := w.patch(ctx, t, id, &actionv3alpha.PatchTarget{ExpirationSigningKey: &durationpb.Duration{}})
		if got := w.keys(ctx, t, id); !slices.Equal(got, []string{last.GetSigningKey()}) {
			t.Errorf("%d keys sign", len(got))
		}
	})
	t.Run("HasRoomForSoManyKeys", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.create(ctx, t).GetDetails().GetId()
		for range 4 {
			if _, err := rotate(ctx, id, hmac, time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		_, err := rotate(ctx, id, hmac, time.Hour)
		wantFault(t, err, fault.CodeFailedPrecondition, "TARGET-k3ysl1m1t", "5 keys")
		if got := len(w.keys(ctx, t, id)); got != 5 {
			t.Errorf("%d keys sign", got)
		}
		if _, err := rotate(ctx, id, hmac, 0); err != nil || len(w.keys(ctx, t, id)) != 1 {
			t.Errorf("no way out: %v", err)
		}
	})
	t.Run("OfEd25519ShowsThePublicHalf", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.create(ctx, t).GetDetails().GetId()
		_, err := rotate(ctx, id, ed, 0)
		wantFault(t, err, fault.CodeFailedPrecondition, "TARGET-n0ed25519", "ed25519_signatures")
		w.set(ctx, t, id, &actionplanev1.TargetSettings{Ed25519Signatures: true})
		out, err := rotate(ctx, id, ed, time.Hour)
		if err != nil || out.GetSigningKey() != "" {
			t.Fatalf("got %v, %v", out, err)
		}
		var shown []string
		for _, k := range out.GetStatus().GetSigningKeys() {
			if k.GetAlgorithm() == ed {
				shown = append(shown, k.GetPublicKey())
			}
		}
		seeds := w.profile(ctx, t, id).GetEd25519Seeds()
		if len(seeds) != 2 || len(shown) != 2 || shown[0] != out.GetPublicKey() {
			t.Fatalf("%d seeds, shown %v", len(seeds), shown)
		}
		for i, seed := range seeds {
			public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
			if shown[i] != "whpk_"+base64.StdEncoding.EncodeToString(public) {
				t.Errorf("seed %d is not of %s", i, shown[i])
			}
		}
	})
	t.Run("RefusesALongOverlap", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		_, err := rotate(ctx, w.create(ctx, t).GetDetails().GetId(), hmac, 8*24*time.Hour)
		wantFault(t, err, fault.CodeInvalid, "", "overlap")
	})
}

func TestDisableTarget(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx := as(t)
	id := w.create(ctx, t).GetDetails().GetId()
	changes := w.changes(ctx, t)
	want := func(reason string, version uint64) {
		t.Helper()
		s, p := w.settings(ctx, t, id).GetStatus(), w.profile(ctx, t, id)
		if s.GetDisabledReason() != reason || (s.GetDisabledAt() != nil) != (reason != "") || p.GetDisabledReason() != reason || s.GetVersion() != version || p.GetVersion() != version {
			t.Errorf("got %v and %q in version %d, want %q in %d", s, p.GetDisabledReason(), p.GetVersion(), reason, version)
		}
	}
	for range 2 { // the second changes nothing
		if _, err := w.internal.DisableTarget(ctx, &targetsv1.DisableTargetRequest{TargetId: id, Reason: "it answered 410 Gone"}); err != nil {
			t.Fatal(err)
		}
		want("it answered 410 Gone", 2)
	}
	if _, err := w.own.DisableTarget(ctx, &actionplanev1.DisableTargetRequest{Id: id, Reason: "maintenance"}); err != nil {
		t.Fatal(err)
	}
	want("it answered 410 Gone", 2)
	w.patch(ctx, t, id, &actionv3alpha.PatchTarget{Name: proto.String("b")})
	want("it answered 410 Gone", 3)
	for range 2 {
		if _, err := w.own.EnableTarget(ctx, &actionplanev1.EnableTargetRequest{Id: id}); err != nil {
			t.Fatal(err)
		}
		want("", 4)
	}
	if _, err := w.own.DisableTarget(ctx, &actionplanev1.DisableTargetRequest{Id: id}); err != nil {
		t.Fatal(err)
	}
	want("disabled by an operator", 5)
	for range 4 { // one news a version
		wantChange(t, changes, changesv1.Operation_OPERATION_CHANGED, id)
	}
	if len(changes) != 0 {
		t.Errorf("%d more", len(changes))
	}
}
